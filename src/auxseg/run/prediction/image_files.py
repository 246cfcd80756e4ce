"""Which photographs are meant on the command line, and what their predictions are called."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auxseg.counting import count
from auxseg.data.sources.pictures.files import CONTAINERS, SUFFIXES
from auxseg.data.sources.pictures.native import ARRAY_SUFFIX
from auxseg.errors import InputError
from auxseg.run.prediction.own_files import is_own_picture

_LONGEST_NAME: Final = 180
"""Bytes of a file's name that its predictions keep; most file systems take 255, and the suffixes come after it."""


@dataclass(frozen=True)
class Photograph:
    """A file, and the name of its predictions: the way to it below the folder that was given, without its suffix."""

    path: Path
    name: str


@dataclass(frozen=True)
class FoundImages:
    """The photographs in order, and how many pictures were passed over because `auxseg predict` made them."""

    photographs: tuple[Photograph, ...]
    num_own: int


def find_images(paths: Sequence[Path], *, arrays: bool = False) -> FoundImages:
    """The photographs that are meant: files as given, and the image files in folders and the folders in them, by name.

    Hidden files are passed over. Files of arrays (.npy) are images with ``arrays``, and where a folder has no pictures;
    .npz and .mat files are where it has neither. Photographs of one name get numbers: ``dog``, ``dog-2``.

    Raises:
        InputError: if a path does not exist or nothing is found.
    """
    found: list[Photograph] = []
    names: set[str] = set()
    num_own = 0
    suffixes = (*SUFFIXES, ARRAY_SUFFIX) if arrays else SUFFIXES
    for path in paths:
        if not os.path.lexists(path):
            raise InputError(f"{readable(path)}: the file or folder does not exist")
        files = [*_below(path, suffixes)] if path.is_dir() else [(path, path.stem)]
        if not files:
            files = [*_below(path, (ARRAY_SUFFIX,))] or [*_below(path, CONTAINERS)]
        for file, name in files:
            if path.is_dir() and is_own_picture(file):
                num_own += 1
            else:
                found.append(Photograph(file, _unused(_shortened(name), names)))
    if not found:
        own = f" (auxseg predict wrote {count(num_own, 'image')} there)" if num_own else ""
        raise InputError(
            f"no image was found in {', '.join(map(readable, paths))}{own}; names should end with one of "
            f"{', '.join(suffixes)}"
        )
    return FoundImages(tuple(found), num_own)


def readable(path: Path | str) -> str:
    """A path as text; bytes of a name that are no UTF-8 are replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def _below(folder: Path, suffixes: Sequence[str]) -> Iterator[tuple[Path, str]]:
    for directory, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(directory, name)
            if not name.startswith(".") and path.suffix.lower() in suffixes and path.is_file():
                yield path, str(path.relative_to(folder).with_suffix(""))


def _shortened(name: str) -> str:
    """Every part of a name at a length that leaves room for suffixes; what is cut off is replaced by its digest."""
    return "/".join(part if len(os.fsencode(part)) <= _LONGEST_NAME else _cut(part) for part in name.split("/"))


def _cut(part: str) -> str:
    digest = hashlib.sha256(os.fsencode(part)).hexdigest()[:8]
    return f"{os.fsencode(part)[:_LONGEST_NAME].decode('utf-8', 'ignore')}-{digest}"


def _unused(name: str, names: set[str]) -> str:
    """The name with a number if it is taken; takes it."""
    unused, number = name, 2
    while unused in names:
        unused, number = f"{name}-{number}", number + 1
    names.add(unused)
    return unused
