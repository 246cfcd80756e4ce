"""Balancers beside the same methods of torchjd and LibMTL, given equal gradients."""
