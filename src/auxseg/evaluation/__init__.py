"""Network, tasks and batches to tables per image; knows no file."""
