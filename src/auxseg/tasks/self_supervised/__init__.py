"""Tasks whose targets are made from the picture itself."""
