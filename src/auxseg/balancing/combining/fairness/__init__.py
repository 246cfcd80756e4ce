"""Rules that even out what the tasks get of a step."""
