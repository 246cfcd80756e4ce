"""Weights by moving averages of past losses."""
