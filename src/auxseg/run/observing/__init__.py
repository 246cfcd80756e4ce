"""Who is told what happens in a training, and what they write."""
