"""The page of a study, finished or not."""
