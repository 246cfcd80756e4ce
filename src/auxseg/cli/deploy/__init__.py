"""`auxseg model`, `export` and `serve`: what hands a trained network over."""
