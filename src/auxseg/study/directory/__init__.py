"""Where a study lies on disk, and what is decided once for all of its runs."""
