"""Which files of a folder are its pictures, in all of its subfolders, and what else is there."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auxseg.errors import InputError

SUFFIXES: Final = (
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm",
    ".tif", ".tiff", ".webp",
)  # fmt: skip
"""What picture files are called, in lower case."""

CONTAINERS: Final = (".mat", ".npz")
"""Files that may hold several arrays, beside other things, in lower case."""

_CLUTTER: Final = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "icon\r"})
"""What systems leave in folders, in lower case; nobody misses it."""

_HARMLESS: Final = ("readme", "license", "licence")
_NUM_NAMED: Final = 3


@dataclass(frozen=True)
class Listing:
    """A folder's files by id (the path below the folder, with ``/`` and without suffix), and the names of all others.

    Ids are in Unicode's composed form, whatever form the file system gives.
    """

    paths: dict[str, Path]
    others: tuple[str, ...] = ()


def list_files(folder: Path, suffixes: Sequence[str] = SUFFIXES) -> Listing:
    """The files of these suffixes in a folder and its subfolders, in either case; hidden ones do not count.

    `CONTAINERS` count only where there are no other such files, beside which they are notes of some program.

    Raises `InputError` for two files of one id, and for a folder that cannot be listed.
    """
    paths: dict[str, Path] = {}
    others: list[str] = []
    try:
        names = sorted(_walk(folder, ""))
    except OSError as error:
        raise InputError(f"{folder} cannot be listed: {error}") from error
    wanted = tuple(suffixes)
    plain = tuple(suffix for suffix in wanted if suffix not in CONTAINERS)
    if any(name.lower().endswith(plain) for name in names):
        wanted = plain
    for name in names:
        if not name.lower().endswith(wanted):
            others.append(name)
            continue
        id = to_id(name)
        if id in paths:
            other = paths[id].relative_to(folder).as_posix()
            raise InputError(f"{folder} holds both {other} and {name}; keep only one of them")
        paths[id] = folder / name
    return Listing({id: paths[id] for id in sorted(paths)}, tuple(others))


def list_photographs(folder: Path, suffixes: Sequence[str]) -> Listing:
    """As `list_files`, but a picture of another suffix is an `InputError`."""
    listing = list_files(folder, suffixes)
    for name in listing.others:
        if name.lower().endswith(SUFFIXES):
            raise InputError(f"{folder} should hold {' or '.join(suffixes)} files, but it holds {name}")
    return listing


def to_id(name: str) -> str:
    """A relative path without suffix, composed."""
    return unicodedata.normalize("NFC", os.path.splitext(name)[0])


def is_passed_over(name: str) -> bool:
    """Whether a file or folder is hidden, or left by a system."""
    return name.startswith(".") or name.lower() in _CLUTTER


def list_unknown(folder: Path, understood: Collection[str]) -> list[str]:
    """The files and folders (with ``/`` behind them) that are not among these, nor texts about a data set."""
    return sorted(
        f"{each.name}/" if each.is_dir() else each.name
        for each in folder.iterdir()
        if each.name not in understood and not is_passed_over(each.name) and not each.name.lower().startswith(_HARMLESS)
    )


def describe_others(folder: str, names: Sequence[str], what: str) -> tuple[str, ...]:
    """A sentence about files that were left out, with their number and the first of them; nothing if there are none."""
    if not names:
        return ()
    first = ", ".join(names[:_NUM_NAMED]) + (", ..." if len(names) > _NUM_NAMED else "")
    return (f"{folder}: {len(names)} {'file is' if len(names) == 1 else 'files are'} {what}, left out: {first}",)


def _walk(folder: Path, above: str) -> Iterator[str]:
    """The relative paths of all files, with ``/``. Links to folders are named like files: they may form rings."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_passed_over(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(folder / entry.name, f"{above}{entry.name}/")
            else:
                yield f"{above}{entry.name}"
