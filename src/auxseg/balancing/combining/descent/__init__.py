"""Rules that look for a direction along which every task's loss falls."""
