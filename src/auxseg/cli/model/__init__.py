"""`auxseg model`: models as files that others use without the training data."""
