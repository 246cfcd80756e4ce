"""The page of a store: its findings and samples."""
