"""Batches of a store, in order, for training and evaluation."""
