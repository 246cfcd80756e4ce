"""A ranking of many candidates by short trainings."""
