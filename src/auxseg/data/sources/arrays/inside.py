"""One array of a file that may hold several, chosen by its key."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, final

import numpy as np

from auxseg.data.sources.arrays.mat import mat_keys, read_mat
from auxseg.data.sources.arrays.npz import npz_keys, open_npz
from auxseg.data.sources.embedded import Embedded, ImageFile
from auxseg.data.sources.pictures.files import CONTAINERS
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError, nearest

ARRAY_SUFFIXES: Final = (".npy", *CONTAINERS)
"""What files of arrays are called, in lower case."""

_NUM_NAMED: Final = 20
_NUM_TRIED: Final = 16


@final
@dataclass(frozen=True)
class ArrayInside(Embedded):
    """An array in a .npz or .mat file, read as if it were a .npy file: that of this key, or the only one."""

    path: Path
    key: str | None = None

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name

    @property
    def suffix(self) -> str:
        """That of an array."""
        return ".npy"

    def open(self) -> IO[bytes]:
        """The array as a .npy file. Raises `SampleError` if there is no such array or it cannot be read."""
        if self.path.suffix.lower() == ".npz":
            return open_npz(self.path, self._found(npz_keys(self.path)))
        file = io.BytesIO()
        np.lib.format.write_array(file, read_mat(self.path, self._found(mat_keys(self.path))), allow_pickle=False)
        file.seek(0)
        return file

    def _found(self, keys: list[str]) -> str:
        """The key that is meant."""
        if self.key is None and len(keys) == 1:
            return keys[0]
        if self.key in keys:
            return self.key
        held = ", ".join(keys[:_NUM_NAMED]) or "none"
        if not keys:
            raise SampleError(f"{self.name} holds no array of numbers")
        if self.key is None:
            raise SampleError(
                f"{self.name} holds several arrays: {held}; `key` in layers.yaml names one in the source "
                "folder; for others, keep one array in the file"
            )
        raise SampleError(f"{self.name} holds no array {self.key!r}{nearest(self.key, keys)}; its arrays: {held}")


def array_file(path: Path, key: str | None = None) -> ImageFile:
    """The file itself, or the array inside if it is of a kind that may hold several."""
    return ArrayInside(path, key) if path.suffix.lower() in CONTAINERS else path


def array_files(paths: Mapping[str, Path], key: str | None, where: str) -> dict[str, ImageFile]:
    """`array_file` of each.

    Raises `InputError`, which begins with ``where``, if the first arrays inside of files cannot be read, as with a key
    that they do not have, and if there is a key and no file that may hold several.
    """
    files = {id: array_file(path, key) for id, path in paths.items()}
    inside = [file for file in files.values() if isinstance(file, ArrayInside)]
    if key is not None and not inside:
        raise InputError(f"{where}: the key {key!r} needs .npz or .mat files, and there are none")
    faults: list[SampleError] = []
    for file in inside[:_NUM_TRIED]:
        try:
            file.open()
            return files
        except SampleError as error:
            faults.append(error)
    if faults:
        raise InputError(f"{where}: {faults[0]}") from faults[0]
    return files
