"""Rules made for gradients of which some may be wrong."""
