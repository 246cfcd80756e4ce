"""Rules that take the target for what is wanted and the auxiliaries for what may help it."""
