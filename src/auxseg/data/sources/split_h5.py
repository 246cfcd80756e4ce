"""Data that are divided already: folders train, val and test, each with one HDF5 file per label.

Shape legend: ``N`` rows of a file, ``h w`` the size of its pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.sample import SPLITS, Box, Sample
from auxseg.data.sources.hdf5_column import Column, Extent
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.errors import InputError

INTERPOLATED: Final = "its mask held values between background and foreground, and was cut at one half"

_SPECIES: Final = ("cat", "dog")
_RANKS: Final = {"images": (4,), "masks": (3, 4), "bboxes": (2,), "binary": (1, 2)}
_NEEDED: Final = ("images", "masks")
_SWAPPED: Final = ": the channels come first, swap the axes"
_NUM_LOOKED_AT: Final = 16
_ROUNDING: Final = 1e-3
"""Of the largest value: as much as a number may miss what it stands for."""


@final
class SplitH5(Source):
    """Pictures with masks, boxes and species in ``train/``, ``val/`` and ``test/``, which are the official split.

    Each folder holds ``images.h5`` (dataset ``images``, (N, h, w, 3)) and ``masks.h5`` (``masks``, (N, h, w) or
    (N, h, w, 1)), and may hold ``bboxes.h5`` (``bboxes``, (N, 4): x0 y0 x1 y1 in pixels, half-open; all NaN if
    missing) and ``binary.h5`` (``binary``, (N,) or (N, 1): 0 is a cat, 1 a dog, NaN unknown). Other datasets in a file
    are left alone, see `Column`. Row by row the files belong together.

    Whether pictures reach from 0 to 1 or to 255, and masks likewise, is decided once for each file from at most 16 of
    its rows (from more of them, while masks are empty or pictures of integers black); a row that does not fit is a bad
    sample. Pictures of integers reach to 255: a file of them that stays below 2 is refused. Masks that an interpolating
    resize has smeared are cut at one half and noted in the sample.

    Args:
        path: the folder that holds the three.

    Raises:
        InputError: if a folder or file is missing, or the files do not fit together.
    """

    name = "split-h5"
    mask_classes = ("background", "foreground")

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._splits = {split: _Split(self.path / split) for split in SPLITS}

    def items(self) -> Sequence[Item]:
        """The rows of train, val and test, in this order."""
        return [Item(f"{split}-{row:06d}", split) for split, files in self._splits.items() for row in range(len(files))]

    def read(self, item: Item) -> Sample:
        """Read a row of every file."""
        split, _, row = item.id.partition("-")
        return self._splits[split].read(item.id, int(row))

    def provenance(self) -> dict[str, str]:
        """The folder's name without the way to it."""
        return {"name": self.name, "path": self.path.resolve().name}


@final
class _Split:
    """The files of one folder, checked against each other."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"{folder} does not exist; split-h5 reads a folder that holds {', '.join(SPLITS)}")
        paths = {key: folder / f"{key}.h5" for key in _RANKS}
        columns = {
            key: Column(path, key, _RANKS[key]) for key, path in paths.items() if key in _NEEDED or path.exists()
        }
        self.images, self.masks = columns["images"], columns["masks"]
        self.boxes, self.binary = columns.get("bboxes"), columns.get("binary")
        for column in columns.values():
            _check_rows(column, self.images)
        self._image_top = _image_top(self.images)
        self._mask_top = _mask_top(self.masks)
        if self.boxes is not None and len(self.boxes) and self.boxes.extent(_NUM_LOOKED_AT)[1] <= 1:
            raise InputError(f"{self.boxes.path}: boxes should be in pixels, but all their numbers are at most 1")

    def __len__(self) -> int:
        return len(self.images)

    def read(self, id: str, row: int) -> Sample:
        mask, notes = _to_mask(_numbers(self.masks, row, self._mask_top), self._mask_top)
        return Sample(
            id,
            _to_image(_numbers(self.images, row, self._image_top), self._image_top),
            mask,
            () if self.boxes is None else _to_boxes(self.boxes, row),
            {} if self.binary is None else _to_classes(self.binary, row),
            notes=notes,
        )


def _check_rows(column: Column, images: Column) -> None:
    """Refuse files whose rows cannot belong together."""
    if len(column) != len(images):
        raise InputError(f"{images.path} holds {len(images)} rows, but {column.path} {len(column)}")
    shape, found = column.row_shape, f"its rows have the shape {column.row_shape}"
    match column.key:
        case _ if column is images:
            if shape[-1] != 3:
                swapped = _SWAPPED if shape[0] == 3 else ""
                raise InputError(f"{column.path} should hold rows of (height, width, 3), but {found}{swapped}")
        case key if "masks" in key:
            if len(shape) == 3 and shape[-1] != 1:
                swapped = _SWAPPED if shape[0] == 1 else ""
                raise InputError(
                    f"{column.path} should hold rows of (height, width) or (height, width, 1), but {found}{swapped}"
                )
            if shape[:2] != images.row_shape[:2]:
                (mask_height, mask_width), (height, width) = shape[:2], images.row_shape[:2]
                raise InputError(
                    f"{column.path} holds masks of {mask_height} x {mask_width} (height x width), "
                    f"but {images.path} images of {height} x {width}"
                )
        case key if "bboxes" in key:
            if shape != (4,):
                raise InputError(f"{column.path} should hold rows of 4 numbers, but {found}")
        case _:
            if shape not in ((), (1,)):
                raise InputError(f"{column.path} should hold rows of one number, but {found}")


def _image_top(images: Column) -> float:
    """The value of white: 1 or 255. Integers up to 1 leave it open, so more rows are looked at until one is above."""
    is_float = images.dtype.kind == "f"
    low, high, _ = _extent(images, -np.inf if is_float else 1)
    if low < 0 or high > 255:
        raise InputError(f"{images.path} should hold 0 to 1 or 0 to 255, but reaches from {low:g} to {high:g}")
    if not is_float and high == 1:
        raise InputError(
            f"{images.path} should hold 0 to 255, because its numbers are {images.dtype}, but all its numbers are at "
            "most 1; save images of 0 to 1 as floats"
        )
    return 1.0 if is_float and high <= 1 + _ROUNDING else 255.0


def _mask_top(masks: Column) -> float:
    """The value of foreground: 1 or 255. Empty masks leave it open, so more rows are looked at until one is not.

    Where interpolation has left fractions it may have left no 255 either: then what reaches over one half of it will
    do, which class ids and overshooting masks of 0 and 1 do not.
    """
    low, high, is_whole = _extent(masks, _ROUNDING)
    if low >= -_ROUNDING:
        if high <= 1 + _ROUNDING:
            return 1.0
        if (0.99 if is_whole else 0.5) * 255 <= high <= (1 + _ROUNDING) * 255:
            return 255.0
    raise InputError(f"{masks.path} should hold 0 and 1, or 0 and 255, but reaches from {low:g} to {high:g}")


def _extent(column: Column, unclear: float) -> Extent:
    """The numbers of a few rows, or of more while none of them is above ``unclear``."""
    num_rows = _NUM_LOOKED_AT
    extent = column.extent(num_rows)
    while extent.high <= unclear and num_rows < len(column):
        num_rows *= _NUM_LOOKED_AT
        extent = column.extent(num_rows)
    return extent


def _numbers(column: Column, row: int, top: float) -> np.ndarray:
    """A row whose numbers are known to be within 0 and ``top``."""
    values = column.read(row)
    if values.dtype == np.uint8 and top == 255:
        return values
    values = values.astype(np.float32)
    if not np.isfinite(values).all():
        raise SampleError(f"row {row} of {column.path.name} holds values that are not numbers (NaN or infinite)")
    low, high = float(values.min()), float(values.max())
    if low < -_ROUNDING * top or high > (1 + _ROUNDING) * top:
        raise SampleError(
            f"row {row} of {column.path.name} reaches from {low:g} to {high:g}, other rows from 0 to {top:g}"
        )
    return values


def _to_image(values: np.ndarray, top: float) -> UInt8[np.ndarray, "h w 3"]:
    if values.dtype == np.uint8:
        return values
    return np.rint(values * (255 / top)).clip(0, 255).astype(np.uint8)


def _to_mask(values: np.ndarray, top: float) -> tuple[UInt8[np.ndarray, "h w"], tuple[str, ...]]:
    """The mask, and what had to be done to it."""
    fractions = values.reshape(values.shape[:2]) / top
    mask = (fractions >= 0.5).astype(np.uint8)
    is_smeared = bool((np.abs(fractions - mask) > _ROUNDING).any())
    return mask, (INTERPOLATED,) if is_smeared else ()


def _to_boxes(boxes: Column, row: int) -> tuple[Box, ...]:
    corners = boxes.read(row).astype(float)
    if np.isnan(corners).all():
        return ()
    if not np.isfinite(corners).all():
        raise SampleError(
            f"row {row} of {boxes.path.name} is not a box: {', '.join(f'{corner:g}' for corner in corners)}"
        )
    return (Box(*corners.tolist()),)


def _to_classes(binary: Column, row: int) -> dict[str, str]:
    value = float(binary.read(row).reshape(()))
    if np.isnan(value):
        return {}
    if value not in (0, 1):
        raise SampleError(f"row {row} of {binary.path.name} is {value:g}, but should be 0 (cat) or 1 (dog)")
    return {"species": _SPECIES[int(value)]}
