"""JSON into typed values and typed values into JSON, whatever the file."""
