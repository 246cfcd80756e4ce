"""How a store is written: record by record, hashed, and under its name when it is whole."""
