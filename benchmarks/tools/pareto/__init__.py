"""Two losses with a known front, and where balancers end up on it."""
