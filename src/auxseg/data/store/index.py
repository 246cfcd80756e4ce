"""Everything of a store but the pictures, read and checked.

Shape legend: ``N`` samples, ``L`` kinds of label.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float32, Int32, UInt8

from auxseg.data.channels import RGB, Channels
from auxseg.data.geometry import MAX_STORED_PIXELS, LongSide
from auxseg.data.layers import LayerForm, MapForm, MaskForm
from auxseg.data.sample import MISSING, SPLITS, Vocabulary
from auxseg.data.store.blocks import Blocks, read_sized_blocks
from auxseg.data.store.blocks import extents as extents_of_blocks
from auxseg.data.store.file import StoreFile
from auxseg.data.store.header import Header, read_content_hash, read_header, read_old_header
from auxseg.data.store.layers import extents, read_stored_layers
from auxseg.data.store.original_masks import read_originals
from auxseg.errors import InputError
from auxseg.records.values.size import Size

SCHEMA_VERSION: Final = 1.1
"""Of a file without layers that `auxseg.data.store.writer` makes."""

LAYERS_VERSION: Final = 2
"""Of a file with maps and masks as layers."""

KINDS_VERSION: Final = 2.1
"""Of a file with layers of any kind."""

RECTANGLES_VERSION: Final = 3
"""Of a file whose pictures are not square, with layers or without."""

CHANNELS_VERSION: Final = 4
"""Of a file whose images are not RGB of 8 bits, with layers or without, square or not."""

OWN_SIZES_VERSION: Final = 5
"""Of a file whose pictures have each their own size."""

FIRST_VERSION: Final = 1
"""The oldest that can be read. It is also what the content hash covers: both versions keep the same of a sample."""

_VERSIONS: Final = (
    FIRST_VERSION,
    SCHEMA_VERSION,
    LAYERS_VERSION,
    KINDS_VERSION,
    RECTANGLES_VERSION,
    CHANNELS_VERSION,
    OWN_SIZES_VERSION,
)

_FARTHEST: Final = 1.0
"""How far outside of the picture, in sides, a corner of a box may lie. What lies nearer is for `inspect` to find."""


def read_checked(path: Path, descriptor: int) -> dict[str, Any]:
    """The fields of `Store`. Raises as `read_index`, and `InputError` for what is no store and for later versions."""
    with StoreFile.open(descriptor) as file:
        if not (file.has_attribute("schema_version") and file.has_attribute("content_hash")):
            raise InputError(f"{path} is an HDF5 file, but not a store that `auxseg data prepare` wrote")
        version = file.number("schema_version")
        if version > _VERSIONS[-1]:
            raise InputError(
                f"{path} has schema version {version:g}; this auxseg reads up to {_VERSIONS[-1]}: upgrade auxseg"
            )
        if version not in _VERSIONS:
            raise ValueError(f"there is no schema version {version:g}")
        return read_index(file, version, os.fstat(descriptor).st_size)


@dataclass(frozen=True, eq=False)
class OwnSizes:
    """Where pixels lie in a store whose pictures have each their own size, ``shapes``: height and width."""

    shapes: Int32[np.ndarray, "N 2"]
    image: Blocks
    mask: Blocks

    def bounds(self) -> Size:
        """The largest height and the largest width."""
        return Size(*self.shapes.max(0, initial=1).tolist())

    def least(self) -> Size:
        """The smallest height and the smallest width."""
        return Size(*self.shapes.min(0, initial=MAX_STORED_PIXELS).tolist())

    def of(self, row: int) -> Size:
        """The size of one picture."""
        return Size(*self.shapes[row].tolist())

    def in_words(self) -> str:
        """The range of sizes."""
        low, high = self.least(), self.bounds()
        return f"{high} px" if low == high else f"{low.height}x{low.width} to {high.height}x{high.width} px"


def version_for(size: Size | LongSide, layers: Collection[LayerForm], channels: Channels = RGB) -> float:
    """The oldest version that has room for pictures of this size and these channels, and for these layers."""
    if isinstance(size, LongSide):
        return OWN_SIZES_VERSION
    if channels != RGB:
        return CHANNELS_VERSION
    if not size.is_square:
        return RECTANGLES_VERSION
    if not layers:
        return SCHEMA_VERSION
    return LAYERS_VERSION if all(isinstance(form, MapForm | MaskForm) for form in layers) else KINDS_VERSION


def read_index(file: StoreFile, version: float, file_size: int) -> dict[str, Any]:
    """The fields of `Store`. Raises `ValueError`, or one of h5py's errors, if the file is damaged."""
    is_old = version == FIRST_VERSION
    header = read_old_header(file) if is_old else read_header(file)
    num_samples = file.length("split")
    texts = file.old_texts if is_old else file.texts
    classes = _old_classes(file, header, num_samples) if is_old else _classes(file, header, num_samples)
    split = file.column("split", np.uint8, num_samples)
    own = _own_sizes(file, num_samples, header.channels) if isinstance(header.size, LongSide) else None
    size = header.size if isinstance(header.size, Size) else own.bounds() if own else Size(1, 1)
    if isinstance(header.size, LongSide) != (version == OWN_SIZES_VERSION):
        raise ValueError(f"the size in its header is not one that schema version {version:g} knows")
    if not size.is_square and version < RECTANGLES_VERSION:
        raise ValueError(f"its size is {size}, but schema version {version:g} knows squares alone")
    if header.layers and version < version_for(header.size, [form for form, _ in header.layers.values()]):
        raise ValueError(f"it has layers, which schema version {version:g} does not know")
    if header.channels != RGB and version < CHANNELS_VERSION:
        raise ValueError(f"it has {header.channels.in_words()}, but schema version {version:g} knows 8-bit RGB alone")
    layers = read_stored_layers(file, header.layers, size if own is None else own.shapes, num_samples)
    has_mask = file.truths("has_mask", num_samples)
    originals = read_originals(file, header.original_masks, has_mask)
    others = extents(layers, size)
    if originals is not None:
        others |= extents_of_blocks({"original_masks": originals.blocks})
    if own is not None:
        others |= extents_of_blocks({"image": own.image, "mask": own.mask})
        _check_ranges(others, file_size)
    _check_split(split)
    _check_classes(classes, header.labels)
    return {
        "size": size,
        "stored_size": size,
        "own": own,
        "fits_size": own is None,
        "resize": header.resize,
        "border": header.border,
        "box_from_mask": header.box_from_mask,
        "vocabulary": _vocabulary(header, size, classes, split),
        "provenance": header.provenance,
        "content_hash": read_content_hash(file),
        "skipped": header.skipped,
        "dropped": header.dropped,
        "ids": texts("id", num_samples),
        "groups": texts("group", num_samples),
        "split": split,
        "has_mask": has_mask,
        "boxes": _boxes(file, num_samples),
        "classes": classes,
        "original_sizes": _original_sizes(file, num_samples),
        "orientations": _orientations(file, num_samples),
        "is_turned": _is_turned(file, num_samples),
        "image_hashes": texts("image_hash", num_samples),
        "perceptual_hashes": file.column("perceptual_hash", np.uint64, num_samples),
        "layers": layers,
        "originals": originals,
        "_places": np.empty((0, 2), np.int64)
        if own is not None
        else _places(file, size, header.channels, num_samples, file_size, others),
    }


def _own_sizes(file: StoreFile, num_samples: int, channels: Channels) -> OwnSizes:
    shapes = file.column("shapes", np.int32, num_samples, 2)
    num_pixels = shapes.astype(np.int64).prod(1)
    is_wrong = (shapes < 1).any(1) | (num_pixels > MAX_STORED_PIXELS)
    if is_wrong.any():
        height, width = shapes[is_wrong][0].tolist()
        raise ValueError(f"/shapes holds {height} x {width}; a picture has 1 to {MAX_STORED_PIXELS:,} pixels")
    image = read_sized_blocks(file, "image", len(channels) * channels.numpy.itemsize * num_pixels)
    return OwnSizes(shapes, image, read_sized_blocks(file, "mask", num_pixels))


def _vocabulary(
    header: Header, size: Size, classes: Mapping[str, np.ndarray], split: UInt8[np.ndarray, " N"]
) -> Vocabulary:
    is_train = split == SPLITS.index("train")
    return Vocabulary(
        size,
        header.mask_classes,
        header.labels,
        header.resize,
        {label: _counts(classes[label][is_train], len(names)) for label, names in header.labels.items()},
        header.exif,
        header.category_ids,
        header.has_background,
        layers={name: form for name, (form, _) in header.layers.items()},
        channels=header.channels,
    )


def _counts(ids: Int32[np.ndarray, " n"], num_classes: int) -> tuple[int, ...]:
    """How many samples each class has."""
    return tuple(np.bincount(ids[ids != MISSING], minlength=num_classes).tolist())


def _classes(file: StoreFile, header: Header, num_samples: int) -> dict[str, np.ndarray]:
    table = file.column("classes", np.int32, num_samples, len(header.labels))
    return {label: np.ascontiguousarray(table[:, index]) for index, label in enumerate(header.labels)}


def _old_classes(file: StoreFile, header: Header, num_samples: int) -> dict[str, np.ndarray]:
    return {label: file.column(f"classes/{label}", np.int32, num_samples) for label in header.labels}


def _check_classes(classes: Mapping[str, np.ndarray], labels: Mapping[str, tuple[str, ...]]) -> None:
    for label, ids in classes.items():
        num_names = len(labels[label])
        wrong = ids[(ids < MISSING) | (ids >= num_names)]
        if wrong.size:
            raise ValueError(f"a class of {label!r} has the number {wrong[0]}, but there are {num_names} names")


def _check_split(split: UInt8[np.ndarray, " N"]) -> None:
    if (split >= len(SPLITS)).any():
        raise ValueError(f"/split holds {split.max()}, but there are {len(SPLITS)} splits")


def _boxes(file: StoreFile, num_samples: int) -> Float32[np.ndarray, "N 4"]:
    boxes = file.column("box", np.float32, num_samples, 4)
    x0, y0, x1, y1 = boxes.T
    is_box = ((boxes >= -_FARTHEST) & (boxes <= 1 + _FARTHEST)).all(1) & (x0 <= x1) & (y0 <= y1)
    is_wrong = ~(is_box | np.isnan(boxes).all(1))
    if is_wrong.any():
        found = ", ".join(f"{corner:g}" for corner in boxes[is_wrong][0])
        raise ValueError(f"/box holds ({found}), which is not a box")
    return boxes


def _original_sizes(file: StoreFile, num_samples: int) -> Int32[np.ndarray, "N 2"]:
    sizes = file.column("original_size", np.int32, num_samples, 2)
    if (sizes < 1).any():
        raise ValueError(f"/original_size holds {sizes.min()}")
    return sizes


def _orientations(file: StoreFile, num_samples: int) -> UInt8[np.ndarray, " N"]:
    if "orientation" not in file:
        return np.ones(num_samples, np.uint8)
    orientations = file.column("orientation", np.uint8, num_samples)
    if ((orientations < 1) | (orientations > 8)).any():
        raise ValueError("/orientation holds values outside EXIF's 1 to 8")
    return orientations


def _is_turned(file: StoreFile, num_samples: int) -> Bool[np.ndarray, " N"]:
    return file.truths("is_turned", num_samples) if "is_turned" in file else np.zeros(num_samples, np.bool_)


def _places(
    file: StoreFile,
    size: Size,
    channels: Channels,
    num_samples: int,
    file_size: int,
    others: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> np.ndarray:
    """The byte offsets of every sample's image and mask (int64, (N, 2)).

    ``others`` are the ranges of what else lies in the file sample by sample: nothing may overlap.
    """
    places = np.stack(
        [
            file.chunk_places("image", num_samples, *size, len(channels), dtype=channels.numpy),
            file.chunk_places("mask", num_samples, *size),
        ],
        axis=1,
    )
    ends = places + np.array([len(channels) * channels.numpy.itemsize, 1]) * size.num_pixels
    _check_ranges({"image": (places[:, 0], ends[:, 0]), "mask": (places[:, 1], ends[:, 1]), **others}, file_size)
    return places


def _check_ranges(ranges: Mapping[str, tuple[np.ndarray, np.ndarray]], file_size: int) -> None:
    """Raise `ValueError` for what reaches beyond the end of the file, or overlaps."""
    for name, (starts_, ends_) in ranges.items():
        if (starts_ < 0).any() or (ends_ > file_size).any():
            raise ValueError(f"it is truncated: some samples of /{name} are incomplete")
    first, last = (np.concatenate(each) for each in zip(*ranges.values(), strict=True))
    order = np.argsort(first)
    if (last[order][:-1] > first[order][1:]).any():
        raise ValueError("two samples overlap")
