"""`auxseg completion`: what may follow each command (`offered`), as a script for each shell."""

from auxseg.cli.completion.command import completion_command

__all__ = ["completion_command"]
