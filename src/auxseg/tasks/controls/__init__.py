"""Tasks that can teach nothing about a picture: what helps no more helps by its form alone."""
