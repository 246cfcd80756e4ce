"""What a served page is tried with."""
