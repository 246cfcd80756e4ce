"""The question of a study, checked, and every run that its answer takes."""
