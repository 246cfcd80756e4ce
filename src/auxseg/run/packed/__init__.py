"""Model directories: a trained model with its description, used without the data it was trained on."""
