"""A store as files that other programs read, and `auxseg data prepare` too."""
