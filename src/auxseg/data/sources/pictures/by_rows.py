"""Images of which only some rows are read at a time: .npy files, and TIFF files without loss in strips or tiles.

Other formats (PNG, JPEG, WebP) are one stream that decoders hold whole.

Shape legend: ``h w`` the image's own size, ``C`` its channels, ``R`` rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, final

import numpy as np
from jaxtyping import UInt

from auxseg.data.channels import MAX_CHANNELS, RGB, Channels
from auxseg.data.sources.arrays.npy import npy_head
from auxseg.data.sources.pictures.decoding import open_file, read_open_header
from auxseg.data.sources.pictures.native import NPY_MARK, layout, refuse_other
from auxseg.data.sources.pictures.tiff import TIFF_MARKS, Tiff
from auxseg.data.sources.source import SampleError

_MAX_BYTES: Final = 2**35
"""Of a file of which parts are read."""

_MOST_OF_A_PART: Final = 2**27
"""Bytes that may have to be decoded together."""

Read = Callable[[IO[bytes], int, int], UInt[np.ndarray, "R w C"]]
"""Reads the rows from the first number up to the second (excluded) of an open file."""


@final
@dataclass(frozen=True, eq=False)
class FileRows:
    """An image in a file: ``rows[first:last]`` reads these rows, ``R w C``, as of an array.

    Raises `SampleError` if they cannot be read.
    """

    path: Path
    shape: tuple[int, int, int]
    dtype: np.dtype
    orientation: int
    """What EXIF says; rows are those of the file, whatever it is."""
    _read: Read

    def __getitem__(self, rows: slice) -> UInt[np.ndarray, "R w C"]:
        first, last, _ = rows.indices(self.shape[0])
        with open_file(self.path, _MAX_BYTES) as file:
            try:
                found = self._read(file, first, last)
            except OSError as error:
                raise SampleError(f"{self.path.name} cannot be read: {error.strerror}") from error
        return np.repeat(found, 3, axis=2) if found.shape[2] != self.shape[2] else found


def pixels_of(path: Path) -> tuple[int, int] | None:
    """Height and width of a file's image of any size, from its header; ``None`` where that cannot be read."""
    try:
        with open_file(path, _MAX_BYTES) as file:
            mark = file.read(len(NPY_MARK))
            file.seek(0)
            if mark.startswith(NPY_MARK):
                head = npy_head(file, path.name, _MAX_BYTES)
                return layout(head.shape, head.dtype, path.name)[0][:2]
            if mark.startswith(TIFF_MARKS):
                tiff = Tiff.open(file, path.name)
                return tiff.height, tiff.width
            header = read_open_header(file, path.name, _MAX_BYTES)
            return header.height, header.width
    except SampleError:
        return None


def rows_of(path: Path, channels: Channels) -> FileRows | None:
    """The rows of a file's image, for whoever expects these channels; grey is given as RGB where that is expected.

    ``None`` for files that are not read by rows. Raises `SampleError` for other channels and types, and for a file of
    which too much has to be decoded at a time.
    """
    with open_file(path, _MAX_BYTES) as file:
        mark = file.read(len(NPY_MARK))
        file.seek(0)
        if mark.startswith(NPY_MARK):
            shape, dtype, orientation, read = _of_array(file, path.name)
        elif mark.startswith(TIFF_MARKS):
            tiff = Tiff.open(file, path.name)
            if not tiff.has_plain_channels or not 1 <= tiff.num_channels <= MAX_CHANNELS:
                return None
            shape, dtype, orientation, read = _of_tiff(tiff)
        else:
            return None
    if channels == RGB and shape[2] == 1:
        shape = (*shape[:2], 3)
    refuse_other(shape[2], dtype, path.name, channels, "the model was trained on")
    return FileRows(path, shape, dtype, orientation, read)


def _of_array(file: IO[bytes], name: str) -> tuple[tuple[int, int, int], np.dtype, int, Read]:
    head = npy_head(file, name, _MAX_BYTES)
    shape, is_first = layout(head.shape, head.dtype, name)
    if head.is_fortran:
        raise SampleError(f"{name} holds its columns one after another; save np.ascontiguousarray of the image")
    height, width, channels = shape
    num_planes, num_values = (channels, width) if is_first else (1, width * channels)
    num_bytes = num_values * head.dtype.itemsize

    def read(file: IO[bytes], first: int, last: int) -> UInt[np.ndarray, "R w C"]:
        planes: list[np.ndarray] = []
        for plane in range(num_planes):
            file.seek(head.start + (plane * height + first) * num_bytes)
            content = file.read((last - first) * num_bytes)
            if len(content) != (last - first) * num_bytes:
                raise SampleError(f"{name} ended within its values: it was truncated")
            values = np.frombuffer(content, head.dtype).reshape(last - first, width, -1)
            planes.append(values.astype(head.dtype.newbyteorder("=")))
        return planes[0] if num_planes == 1 else np.concatenate(planes, axis=2)

    return shape, head.dtype.newbyteorder("="), 1, read


def _of_tiff(tiff: Tiff) -> tuple[tuple[int, int, int], np.dtype, int, Read]:
    shape = tiff.height, tiff.width, tiff.num_channels
    num_channels = 1 if tiff.is_planar else tiff.num_channels
    if tiff.rows_of_a_part * tiff.width * num_channels * tiff.dtype.itemsize > _MOST_OF_A_PART:
        raise SampleError(
            f"{tiff.name} has parts of {tiff.rows_of_a_part:,} rows, which are decoded as a whole; save it without "
            "compression, or in tiles or strips of fewer rows"
        )
    return shape, tiff.dtype, tiff.orientation, tiff.rows
