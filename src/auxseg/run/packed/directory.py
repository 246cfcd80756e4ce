"""Which files a model directory holds, and that they are whole and belong together."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from auxseg.errors import InputError
from auxseg.records.names import CARD_FILE, CONFIG_FILE, MODEL_FILE
from auxseg.run.packed.description import MEND, Description, read_description

FILES: Final = (MODEL_FILE, CONFIG_FILE, CARD_FILE)
"""All that a model directory holds."""
MAX_MODEL_BYTES: Final = 16 * 2**30
"""Twice what the largest network that a recipe may describe takes in float32."""
_BLOBS: Final = "blobs"


def is_model_directory(path: Path) -> bool:
    """Whether a directory is meant as one: it holds a model or its description."""
    return any((path / name).exists() or (path / name).is_symlink() for name in (MODEL_FILE, CONFIG_FILE))


def read_checked(directory: Path) -> Description:
    """The description of a model directory whose model file has the checksum that stands in it.

    Raises `InputError` for a file that is missing, damaged, too large, or a link to somewhere else.
    """
    for name in (MODEL_FILE, CONFIG_FILE):
        refuse_strange(directory / name)
    description = read_description(directory)
    path, said = directory / MODEL_FILE, description.weights
    size = path.stat().st_size
    if size > MAX_MODEL_BYTES:
        raise InputError(f"{path}: expected at most {MAX_MODEL_BYTES:,} bytes, found {size:,}")
    if size != said.bytes:
        raise InputError(f"{path}: {CONFIG_FILE} says {said.bytes:,} bytes, found {size:,}; {MEND}")
    if (found := checksum(path)) != said.sha256:
        raise InputError(
            f"{path}: its SHA-256 begins with {found[:12]}, but {CONFIG_FILE} says {said.sha256[:12]!a}: one of "
            f"them was changed or belongs to another model; {MEND}"
        )
    return description


def refuse_strange(path: Path) -> None:
    """Raise `InputError` for what is missing or no plain file, and for a link that leads out of the directory.

    Such a link could let what is read, or sent to a Hub, be any file of the machine. The cache of a Hub holds links to
    the folder ``blobs`` beside its snapshots, which are its own.
    """
    directory = path.parent
    if path.is_symlink():
        home = Path(os.path.realpath(directory))
        if Path(os.path.realpath(path)).parent not in (home, home.parent.parent / _BLOBS):
            raise InputError(f"{path}: is a link to a file elsewhere; expected the file itself")
    if not path.exists():
        held = [name for name in FILES if (directory / name).exists()]
        raise InputError(
            f"{directory}: expected a model directory with {' and '.join(FILES)}, found "
            f"{' and '.join(held) or 'none of them'}; {MEND}"
        )
    if not path.is_file():
        raise InputError(f"{path}: expected a file, found something else")


def checksum(path: Path) -> str:
    """The SHA-256 of a file. Raises `InputError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
