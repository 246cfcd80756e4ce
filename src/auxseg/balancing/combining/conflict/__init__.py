"""Rules that take away what conflicts among the gradients."""
