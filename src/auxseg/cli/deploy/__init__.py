"""`auxseg serve` and whatever else hands a model over."""
