"""`auxseg study`, its ranking of many candidates and its progress."""
