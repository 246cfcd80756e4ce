"""From what the runs of a study measured to what the study says."""
