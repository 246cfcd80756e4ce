"""How things are shown in a terminal: text as text, tables by width, progress."""
