"""Charts as SVG: what all have in common, and those of trainings and of studies."""
