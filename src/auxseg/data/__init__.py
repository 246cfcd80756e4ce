"""Outside formats, the prepared store, and batches of it."""
