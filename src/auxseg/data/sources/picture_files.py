"""Which files of a folder are its pictures; one of another format than asked for is refused, not passed over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from auxseg.errors import InputError

SUFFIXES: Final = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""What picture files are called, in lower case."""


def files_by_id(folder: Path, suffixes: Sequence[str] = SUFFIXES) -> dict[str, Path]:
    """The folder's files of these suffixes, in either case, by name without suffix, sorted; hidden files do not count.

    Raises `InputError` for a picture file of another suffix, and for two files of one name.
    """
    result: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        suffix = path.suffix.lower()
        if path.name.startswith(".") or suffix not in SUFFIXES:
            continue
        if suffix not in suffixes:
            raise InputError(f"{folder} should hold {' or '.join(suffixes)} files, but it holds {path.name}")
        if path.stem in result:
            raise InputError(f"{folder} holds both {result[path.stem].name} and {path.name}; which one is meant?")
        result[path.stem] = path
    return result
