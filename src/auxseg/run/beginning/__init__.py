"""What is settled before the first step: the directory, the open choices, the checkpoint to go on from."""
