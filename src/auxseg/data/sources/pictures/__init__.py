"""Picture files: which are read, how they are decoded and turned."""
