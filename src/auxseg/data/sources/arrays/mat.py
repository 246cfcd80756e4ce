"""Arrays in MATLAB's .mat files, from version 5 on.

Up to version 7 a file is a row of variables, each perhaps compressed; from version 7.3 on it is an HDF5 file, whose
axes are the other way round. Structures, cells, objects, text and sparse matrices are no arrays of numbers.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import h5py
import numpy as np

from auxseg.data.sources.arrays.npy import MAX_BYTES
from auxseg.data.sources.hdf5_column import storage_fault
from auxseg.data.sources.pictures.decoding import open_file
from auxseg.data.sources.source import SampleError

_BYTES: Final = {
    "double": 8, "single": 4, "logical": 1,
    "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8, "uint64": 8,
}  # fmt: skip
"""MATLAB's classes of numbers, and the bytes of each."""

_CLASSES: Final = {
    6: "double", 7: "single", 8: "int8", 9: "uint8", 10: "int16", 11: "uint16", 12: "int32", 13: "uint32", 14: "int64",
    15: "uint64",
}  # fmt: skip
"""By their numbers in files up to version 7."""

_HDF5: Final = 2
"""The major version of a file that is an HDF5 file."""

_HEADER: Final = 128
_MATRIX, _COMPRESSED = 14, 15
_COMPLEX: Final = 0x0800
"""The flag of complex numbers."""

_MAX_DETAILS: Final = 1 << 16
"""Bytes of a variable beside its numbers: class, shape, name, tags."""

_MAX_VARIABLES: Final = 1000
_TOO_MANY: Final = f"it holds more than {_MAX_VARIABLES:,} variables"


@dataclass(frozen=True)
class _Variable:
    """What a file up to version 7 says of a variable of numbers before these, and where it begins."""

    shape: tuple[int, ...]
    kind: str
    start: int


def mat_keys(path: Path) -> list[str]:
    """The names of the arrays of numbers. Raises `SampleError` if the file cannot be read."""
    with _read(path) as (file, version):
        if version == _HDF5:
            with h5py.File(file, "r") as hdf5:
                if len(hdf5) > _MAX_VARIABLES:
                    raise ValueError(_TOO_MANY)
                return [name for name in list(hdf5) if _is_numeric(hdf5, name)]
        return list(_variables(file))


def read_mat(path: Path, key: str) -> np.ndarray:
    """An array with MATLAB's axes: rows first.

    Raises `SampleError` if the file cannot be read, or the array takes more than `MAX_BYTES`; sizes are compared before
    memory is taken.
    """
    with _read(path) as (file, version):
        if version == _HDF5:
            return _from_hdf5(file, key, path.name)
        variable = _variables(file)[key]
        _check_size(variable.shape, _BYTES[variable.kind], f"{path.name}: {key}")
        return _checked(_from_variable(file, key, variable), f"{path.name}: {key}")


def _variables(file: IO[bytes]) -> dict[str, _Variable]:
    """The variables of numbers by their names; all others are passed over.

    The format is that of MathWorks, MAT-File Format, https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf.
    """
    order, start = _order(file), _HEADER
    found: dict[str, _Variable] = {}
    for _ in range(_MAX_VARIABLES):
        file.seek(start)
        tag = file.read(8)
        if not tag:
            return found
        kind, num_bytes = struct.unpack(f"{order}2I", tag)
        content = tag + file.read(min(num_bytes, _MAX_DETAILS))
        if kind == _COMPRESSED:
            content = zlib.decompressobj().decompress(content[8:], _MAX_DETAILS)
        if named := _described(content, order, start):
            found[named[0]] = named[1]
        start += 8 + num_bytes
    raise ValueError(_TOO_MANY)


def _described(content: bytes, order: str, start: int) -> tuple[str, _Variable] | None:
    """The name and the description of a variable; ``None`` if it is none of numbers."""
    if struct.unpack_from(f"{order}I", content)[0] != _MATRIX:
        return None
    flags, place = _element(content, 8, order)
    shape, place = _element(content, place, order)
    name, _ = _element(content, place, order)
    bits = struct.unpack(f"{order}I", flags[:4])[0]
    kind = _CLASSES.get(bits & 0xFF)
    if kind is None or bits & _COMPLEX or not name:  # what has no name is a workspace of functions
        return None
    return name.decode("latin-1"), _Variable(struct.unpack(f"{order}{len(shape) // 4}i", shape), kind, start)


def _element(content: bytes, place: int, order: str) -> tuple[bytes, int]:
    """The bytes of a part of a variable, and where the next part begins. Up to four bytes may stand in the tag."""
    kind, num_bytes = struct.unpack_from(f"{order}2I", content, place)
    if kind >> 16:
        return content[place + 4 : place + 4 + (kind >> 16)], place + 8
    return content[place + 8 : place + 8 + num_bytes], place + 8 + -(-num_bytes // 8) * 8


def _from_variable(file: IO[bytes], key: str, variable: _Variable) -> np.ndarray:
    """The array, of which no more is unpacked than its shape takes: a compressed one may be of any length."""
    from scipy.io import loadmat  # only who has such files waits for it

    file.seek(0)
    header = file.read(_HEADER)
    most = math.prod(variable.shape) * _BYTES[variable.kind] * 2 + _MAX_DETAILS  # complex numbers are two
    alone = io.BytesIO(header + _unpacked(file, variable.start, most))
    values: np.ndarray = loadmat(alone, variable_names=[key])[key]
    # By class, not by storage: MATLAB stores whole numbers in the smallest type that holds them.
    return values if values.dtype.kind == "c" else values.astype(variable.kind, copy=False)


def _unpacked(file: IO[bytes], start: int, most: int) -> bytes:
    """The variable that begins there, as it would be if it were not compressed."""
    order = _order(file)
    file.seek(start)
    tag = file.read(8)
    kind, num_bytes = struct.unpack(f"{order}2I", tag)
    content = file.read(num_bytes)
    if len(content) < num_bytes:
        raise ValueError("it is cut off")
    if kind != _COMPRESSED:
        return tag + content
    inflater = zlib.decompressobj()
    unpacked = inflater.decompress(content, most)
    if not inflater.eof:
        raise ValueError(
            "a variable is cut off" if len(unpacked) < most else "a variable is longer than its shape says"
        )
    return unpacked


def _order(file: IO[bytes]) -> str:
    """The order of bytes."""
    file.seek(_HEADER - 2)
    return "<" if file.read(2) == b"IM" else ">"


def _from_hdf5(file: IO[bytes], key: str, name: str) -> np.ndarray:
    size = file.seek(0, io.SEEK_END)
    with h5py.File(file, "r") as hdf5:
        dataset: Any = hdf5[key]
        shape = tuple(dataset.shape or ())
        _check_size(shape, dataset.dtype.itemsize, f"{name}: {key}")
        if fault := storage_fault(dataset, size):
            raise SampleError(f"{name}: {key} {fault}")
        if "MATLAB_empty" in dataset.attrs:
            raise SampleError(f"{name}: {key} is empty")
        return _checked(np.asarray(dataset[()]).T, f"{name}: {key}")


def _is_numeric(hdf5: h5py.File, name: str) -> bool:
    if not isinstance(hdf5.get(name, getlink=True), h5py.HardLink):
        return False
    dataset: Any = hdf5.get(name)
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "biuf":
        return False
    kind = dataset.attrs.get("MATLAB_class", b"double")
    return (kind.decode() if isinstance(kind, bytes) else str(kind)) in _BYTES


def _check_size(shape: tuple[int, ...], itemsize: int, what: str) -> None:
    if min(shape, default=0) < 1:
        raise SampleError(f"{what} is empty")
    if math.prod(shape) * itemsize > MAX_BYTES:
        raise SampleError(f"{what} has the shape {shape}, over the limit of {MAX_BYTES:,} bytes")


def _checked(values: np.ndarray, what: str) -> np.ndarray:
    if values.dtype.kind not in "biuf":
        raise SampleError(f"{what} holds {values.dtype}, expected real numbers")
    return values


@contextmanager
def _read(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The open file and its major version: 1 up to version 7 of MATLAB, then 2."""
    with open_file(path) as file:
        try:
            yield file, _version(file)
        except (SampleError, MemoryError):
            raise
        except Exception as error:  # Both libraries let many kinds of errors through when a file is damaged.
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise SampleError(f"{path.name} is damaged or no .mat file: {reason}") from error


def _version(file: IO[bytes]) -> int:
    header = file.read(_HEADER)
    if len(header) < _HEADER or 0 in header[:4] or header[126:] not in (b"IM", b"MI"):
        raise ValueError("it does not begin as a file of version 5 to 7.3 does")
    version = header[125] if header[126:] == b"IM" else header[124]
    if version not in (1, _HDF5):
        raise ValueError(f"its version is {version}, expected 1 or 2")
    return version
