"""What a command does about a file that is there already."""

from __future__ import annotations

from pathlib import Path

from auxseg.errors import InputError


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Raise `InputError` if something is at ``path`` already and may not be replaced."""
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists already; --overwrite replaces it")
