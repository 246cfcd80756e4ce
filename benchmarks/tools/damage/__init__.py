"""Damaged files of every format that auxseg reads, what commands make of them, and how that is judged."""
