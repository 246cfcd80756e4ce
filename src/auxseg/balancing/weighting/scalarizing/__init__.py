"""Weights that are the slopes of one function of all losses."""
