"""JSON into typed values, typed values into JSON and what differs between plain ones, whatever the file."""
