"""What a model says of photographs, and the files that hold it."""
