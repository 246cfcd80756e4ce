"""What the tasks do to each other: their gradients compared while a network is trained."""
