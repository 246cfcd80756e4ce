"""Reading a .npy file: its header first, so that nothing is run and memory is taken only for what is there."""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass
from tokenize import TokenError
from typing import IO, Final

import numpy as np

from auxseg.data.sources.embedded import Embedded, ImageFile
from auxseg.data.sources.source import SampleError

MAX_BYTES: Final = 2**30
"""Of one array."""

_MAX_HEADER: Final = 10_000
_KINDS: Final = "biuf"


@dataclass(frozen=True)
class Head:
    """What a file says of its array: its shape and type, where its values begin, and whether columns come first."""

    shape: tuple[int, ...]
    dtype: np.dtype
    start: int
    is_fortran: bool


def read_head(path: ImageFile) -> Head:
    """Shape and type of the array in a file. Raises `SampleError` as `read_npy` does."""
    with _opened(path) as file:
        return npy_head(file, _shown(path))


def read_npy(path: ImageFile) -> np.ndarray:
    """The array in a file.

    Raises `SampleError` if the file cannot be read, is no .npy file of numbers, is not as long as its header says, or
    holds more than `MAX_BYTES`. Objects, which would be unpickled, are refused.
    """
    with _opened(path) as file:
        return read_open_npy(file, _shown(path))


def read_open_npy(file: IO[bytes], name: str) -> np.ndarray:
    """The same of an open file; ``name`` is what errors call it."""
    npy_head(file, name)
    file.seek(0)
    try:
        return np.lib.format.read_array(file, allow_pickle=False, max_header_size=_MAX_HEADER)
    except (OSError, ValueError, EOFError) as error:
        raise SampleError(f"{name} cannot be read: {error}") from error


def npy_head(file: IO[bytes], name: str, most: int | None = None) -> Head:
    """What an open file of at most so many bytes says of its array. Raises `SampleError` as `read_npy` does."""
    try:
        version = np.lib.format.read_magic(file)
        read = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}.get(version[0])
        if read is None:
            raise ValueError(f"its format is {version[0]}.{version[1]}, expected 1.0 or 2.0")
        shape, is_fortran, dtype = read(file, max_header_size=_MAX_HEADER)
    except (OSError, ValueError, EOFError, RecursionError, MemoryError, TypeError, SyntaxError, TokenError) as error:
        raise SampleError(f"{name} is not a .npy file: {str(error).splitlines()[0]}") from error
    if dtype.kind not in _KINDS or dtype.names is not None:
        raise SampleError(f"{name} holds {dtype}, expected numbers")
    if any(not 0 <= side <= MAX_BYTES for side in shape):
        raise SampleError(f"{name} says that its shape is {shape}")
    most = MAX_BYTES if most is None else most
    num_bytes, start = math.prod(shape) * dtype.itemsize, file.tell()
    found = file.seek(0, os.SEEK_END) - start
    file.seek(start)
    if num_bytes > most:
        raise SampleError(f"{name} holds {num_bytes:,} bytes; at most {most:,} are read")
    if found != num_bytes:
        raise SampleError(f"{name} holds {found:,} bytes of values, but its header says {num_bytes:,}")
    return Head(shape, dtype, start, is_fortran)


def _opened(path: ImageFile) -> IO[bytes]:
    """A regular file: a pipe would wait for ever."""
    if isinstance(path, Embedded):
        return path.open()
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SampleError(f"{_shown(path)} is not a regular file")
        return path.open("rb")
    except OSError as error:
        raise SampleError(f"{_shown(path)} cannot be read: {error.strerror}") from error


def _shown(path: ImageFile) -> str:
    return path.name if isinstance(path, Embedded) else f"{path.parent.name}/{path.name}"
