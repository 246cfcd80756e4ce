"""Where the photographs of an annotation file lie, whatever way to them the file says."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final, final

from auxseg.errors import InputError

_NUM_TRIED: Final = 100
"""Photographs that are looked for in each folder before it is given up."""


@final
class Photographs:
    """The files of the photographs that an annotation file names, in one folder, which no name leads out of.

    A name is looked for as it is written, then below the folder that all names share, then without its folders, where
    no other name is the same then. Windows' backslashes separate folders as slashes do.

    Args:
        file_names: as the annotation file has them.
        folders: the folders that may hold them; the first that holds any of the first ones is used.
        place: what to call the annotation file in an error.

    Raises:
        InputError: if none of the folders holds any.
    """

    def __init__(self, file_names: Sequence[str], folders: Sequence[Path], place: str) -> None:
        ways = [_way(name) for name in file_names]
        self._last_names = Counter(way[-1] for way in ways if way)
        self._common = _common_folder(ways)
        found = (folder for folder in folders for name in file_names[:_NUM_TRIED] if self._find(folder, name))
        folder = next(found, None if file_names else folders[0])
        if folder is None:
            raise InputError(f"{place}: the image {file_names[0]} is in none of {', '.join(map(str, folders))}")
        self.folder = folder

    def find(self, file_name: str) -> Path | None:
        """A photograph's file, if there is one."""
        return self._find(self.folder, file_name)

    def is_as_written(self, path: Path, file_name: str) -> bool:
        """Whether a file that was found lies where its name says."""
        return path == self.folder / PurePosixPath(*_way(file_name))

    def _find(self, folder: Path, file_name: str) -> Path | None:
        way = _way(file_name)
        ways = [way] if _stays_inside(file_name) else []
        if self._common and way[: len(self._common)] == self._common:
            ways.append(way[len(self._common) :])
        if way and self._last_names[way[-1]] == 1:
            ways.append(way[-1:])
        ways = [each for each in ways if each and ".." not in each]
        names = ["/".join(each) for each in ways]
        names += [unicodedata.normalize(form, name) for form in ("NFC", "NFD") for name in names]
        return next((folder / name for name in names if os.path.isfile(folder / name)), None)


def last_name(file_name: str) -> str:
    """The file's own name, without its folders."""
    return (_way(file_name) or ("",))[-1]


def _way(file_name: str) -> tuple[str, ...]:
    """The folders of a name and the file's own name, without a drive or root."""
    kind = PureWindowsPath if "\\" in file_name else PurePosixPath
    path = kind(file_name)
    return path.parts[1:] if path.anchor else path.parts


def _stays_inside(file_name: str) -> bool:
    kind = PureWindowsPath if "\\" in file_name else PurePosixPath
    return not kind(file_name).anchor and ".." not in _way(file_name)


def _common_folder(ways: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    if not ways:
        return ()
    shortest, longest = min(ways), max(ways)
    length = next(
        (place for place, (one, other) in enumerate(zip(shortest, longest, strict=False)) if one != other),
        min(len(shortest), len(longest)),
    )
    return shortest[: min(length, len(shortest) - 1, len(longest) - 1)]
