"""An image that is too large to be held whole: rows of it are read as they are wanted, and a small copy is kept.

Shape legend: ``h w`` the image's own size, ``p q`` that of its small copy, ``C`` channels, ``R`` rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import Int, UInt

from auxseg.data.channels import RGB, Channels
from auxseg.data.sources.pictures.by_rows import FileRows, pixels_of, rows_of
from auxseg.data.sources.pictures.decoding import MAX_PIXELS
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

LARGEST_WHOLE: Final = MAX_PIXELS
"""Pixels of the largest image that is held whole."""

MOST_PIXELS: Final = 4 * MAX_PIXELS
"""As many an image may have that is looked at by tiles."""

SMALL_SIDE: Final = 2048
"""The longest side of a small copy, in pixels."""

_BAND_BYTES: Final = 2**24


@final
@dataclass(frozen=True, eq=False)
class LargeImage:
    """An image in a file, of which ``image[first:last]`` reads rows; pixels of ``small`` are means of ``step`` squared.

    Raises `InputError` if rows cannot be read.
    """

    rows: FileRows
    small: UInt[np.ndarray, "p q C"]
    step: int

    @classmethod
    def read(cls, rows: FileRows) -> LargeImage:
        """Read the whole file once, band by band, for the small copy."""
        height, width, channels = rows.shape
        step = -(-max(height, width) // SMALL_SIDE)
        small = np.empty((-(-height // step), -(-width // step), channels), rows.dtype)
        num_rows = max(_BAND_BYTES // (width * channels * 4 * step), 1) * step
        columns = np.arange(0, width, step)
        num_columns = np.diff(np.append(columns, width))[None, :, None]
        for top in range(0, height, num_rows):
            band = _read(rows, slice(top, min(top + num_rows, height)))
            starts = np.arange(0, len(band), step)
            sums = np.add.reduceat(np.add.reduceat(band, columns, axis=1, dtype=np.uint64), starts, axis=0)
            counts = np.diff(np.append(starts, len(band)))[:, None, None] * num_columns
            small[top // step : top // step + len(starts)] = np.rint(sums / counts)
        return cls(rows, small, step)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.rows.shape

    @property
    def dtype(self) -> np.dtype:
        """The type of its values."""
        return self.rows.dtype

    def __getitem__(self, rows: slice) -> UInt[np.ndarray, "R w C"]:
        return _read(self.rows, rows)

    def middles(self, rows: slice) -> tuple[slice, Int[np.ndarray, " m"]]:
        """The rows of the small copy whose middles are among these rows, and where among them those are."""
        middles = self._middles(0)
        first, last = np.searchsorted(middles, (rows.start, rows.stop))
        return slice(int(first), int(last)), middles[first:last] - rows.start

    @property
    def middle_columns(self) -> Int[np.ndarray, " q"]:
        """The columns in the middle of those of the small copy."""
        return self._middles(1)

    def _middles(self, axis: int) -> Int[np.ndarray, " m"]:
        return np.minimum(np.arange(self.small.shape[axis]) * self.step + self.step // 2, self.shape[axis] - 1)


def open_large(path: Path, channels: Channels, exif: str, *, by_tiles: bool) -> FileRows | None:
    """The rows of an image that is too large to be held whole; ``None`` for any other, and for what is no image.

    Args:
        path: the file.
        channels: what the model expects.
        exif: whether it is to be turned, ``apply`` or ``ignore``.
        by_tiles: whether it is looked at by tiles.

    Raises:
        InputError: for a large image that cannot be looked at part by part.
    """
    size = pixels_of(path)
    if size is None or size[0] * size[1] <= LARGEST_WHOLE:
        return None
    height, width = size
    where = f"{path}: has {width} x {height} pixels"
    if height * width > MOST_PIXELS:
        raise InputError(f"{where}, over the limit of {MOST_PIXELS:,}; cut it")
    if not by_tiles:
        raise InputError(
            f"{where}, over the limit of {LARGEST_WHOLE:,} for images that are looked at whole; ask with --tiles, or "
            "make it smaller"
        )
    try:
        rows = rows_of(path, channels)
    except SampleError as error:
        raise InputError(f"{path}: {error}") from None
    if rows is None:
        raise InputError(
            f"{where}, over the limit of {LARGEST_WHOLE:,} for files that have to be decoded whole (PNG, JPEG and TIFF "
            "with losses or palettes are); save it as .npy, or as TIFF without compression or in tiles"
        )
    if channels != RGB and exif == "apply":
        raise InputError("exif: images with other channels than 8-bit RGB are read as they are stored; use ignore")
    if channels == RGB and exif == "apply" and rows.orientation != 1:
        raise InputError(
            f"{path}: has the EXIF orientation {rows.orientation}, by which an image of this size cannot be turned; "
            "save it turned, or use --exif ignore"
        )
    return rows


def _read(rows: FileRows, wanted: slice) -> UInt[np.ndarray, "R w C"]:
    try:
        return rows[wanted]
    except SampleError as error:
        raise InputError(f"{rows.path}: {error}") from None
