"""What a command refuses to write: over a file that is there already, or where it cannot."""

from __future__ import annotations

import os
from pathlib import Path

from auxseg.errors import InputError


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Raise `InputError` if something is at ``path`` already and may not be replaced."""
    if path.exists() and not overwrite:
        raise InputError(f"{path} already exists; --overwrite replaces it")


def refuse_unwritable(path: Path, *made_later: Path) -> None:
    """Raise `InputError` if no file can be written at ``path``, in a directory that is there or ``made_later``."""
    if path.is_dir():
        raise InputError(f"{path} is a directory; expected the name of a file")
    parent = path.absolute().parent
    if parent.resolve() in [directory.resolve() for directory in made_later]:
        return
    if not parent.is_dir():
        raise InputError(f"{path} cannot be written: {parent} is not a directory")
    if not os.access(parent, os.W_OK):
        raise InputError(f"{path} cannot be written: {parent} is read-only")
