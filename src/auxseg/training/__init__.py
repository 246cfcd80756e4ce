"""How a network learns: the loop and what it stands on."""
