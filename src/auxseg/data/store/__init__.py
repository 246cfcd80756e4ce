"""The file that holds prepared data: written once, read without HDF5."""
