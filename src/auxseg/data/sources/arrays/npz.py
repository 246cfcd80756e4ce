"""Arrays in NumPy's .npz files, which are ZIP archives of .npy files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import numpy as np

from auxseg.data.sources.arrays.npy import MAX_BYTES
from auxseg.data.sources.pictures.decoding import open_file
from auxseg.data.sources.source import SampleError

_SUFFIX: Final = ".npy"
_MAX_ARRAYS: Final = 1000
_MAX_HEADER: Final = 1 << 16
_COMPRESSIONS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def npz_keys(path: Path) -> list[str]:
    """The names of the arrays of numbers. Raises `SampleError` if the file cannot be read or holds too many."""
    with _opened(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(_SUFFIX)]
        return [name.removesuffix(_SUFFIX) for name in names if _may_hold_numbers(archive, name)]


def open_npz(path: Path, key: str) -> IO[bytes]:
    """The .npy file of one array.

    No more is unpacked than the archive says, and no more than `MAX_BYTES`. Raises `SampleError`.
    """
    with _opened(path) as archive:
        member = archive.getinfo(f"{key}{_SUFFIX}")
        if member.compress_type not in _COMPRESSIONS:
            raise SampleError(f"{path.name}: {key} is compressed in a way that NumPy does not use")
        if member.file_size > MAX_BYTES + _MAX_HEADER:
            raise SampleError(f"{path.name}: {key} holds {member.file_size:,} bytes; at most {MAX_BYTES:,} are read")
        return io.BytesIO(archive.read(member))


def _may_hold_numbers(archive: zipfile.ZipFile, name: str) -> bool:
    """Whether a .npy file says that it holds numbers, or nothing that can be understood, which reading it refuses."""
    try:
        with archive.open(name) as file:
            is_first = np.lib.format.read_magic(file) == (1, 0)
            read = np.lib.format.read_array_header_1_0 if is_first else np.lib.format.read_array_header_2_0
            dtype = read(file, max_header_size=_MAX_HEADER)[2]
    except MemoryError:
        raise
    except Exception:  # zipfile and NumPy let many kinds of errors through when a file is damaged.
        return True
    return dtype.kind in "biuf"


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    with open_file(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                if len(archive.infolist()) > _MAX_ARRAYS:
                    raise SampleError(f"{path.name} holds {len(archive.infolist()):,} arrays, over {_MAX_ARRAYS:,}")
                yield archive
        except (SampleError, MemoryError):
            raise
        except Exception as error:  # zipfile lets many kinds of errors through when a file is damaged.
            raise SampleError(f"{path.name} is damaged or no .npz file: {error or type(error).__name__}") from error
