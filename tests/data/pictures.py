"""Small data sets drawn for tests: a source in memory, and folders in the layouts that sources read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
from PIL import Image

from auxseg.data.sample import Box, Sample
from auxseg.data.sources.source import Item, SampleError, Source

SPLIT_SIZES = {"train": 6, "val": 3, "test": 2}

TRIMAP_INSIDE, TRIMAP_OUTSIDE, TRIMAP_BORDER = 1, 2, 3


def draw_sample(index: int, hw: tuple[int, int] = (40, 50)) -> Sample:
    """A bright rectangle on noise, with its mask, its box and two kinds of class."""
    height, width = hw
    random = np.random.default_rng(index)
    image = random.integers(0, 120, (height, width, 3), np.uint8)
    mask = np.zeros(hw, np.uint8)
    x0, y0 = int(random.integers(0, width // 2)), int(random.integers(0, height // 2))
    image[y0 : y0 + 15, x0 : x0 + 20] += 130
    mask[y0 : y0 + 15, x0 : x0 + 20] = 1
    classes = {"colour": ("red", "green", "blue")[index % 3], "shape": ("round", "square")[index % 2]}
    return Sample(f"drawn {index}", image, mask, (Box(x0, y0, x0 + 20, y0 + 15, "thing"),), classes)


def draw_mask(index: int) -> np.ndarray:
    """The mask of a drawn sample."""
    mask = draw_sample(index).mask
    assert mask is not None
    return mask


def open_hdf5(path: Path, mode: Literal["r", "a"] = "r") -> Any:
    """A file whose datasets a test reads or spoils; what h5py may return for a name is too wide a type for that."""
    return h5py.File(path, mode)


class DrawnSource(Source):
    """Samples in memory; the ids in ``bad`` cannot be used."""

    name = "drawn"
    mask_classes = ("background", "thing")

    def __init__(self, samples: Sequence[Sample], splits: Sequence[str | None], bad: Sequence[str] = ()) -> None:
        self._samples = {sample.id: sample for sample in samples}
        self._items = [Item(sample.id, split) for sample, split in zip(samples, splits, strict=True)]
        self._bad = bad

    def items(self) -> Sequence[Item]:
        return self._items

    def read(self, item: Item) -> Sample:
        if item.id in self._bad:
            raise SampleError("it is bad")
        return self._samples[item.id]

    def provenance(self) -> dict[str, str]:
        return {"name": self.name}


def drawn_source(count: int = 20, bad: Sequence[str] = (), **changes: object) -> DrawnSource:
    """Drawn samples of which four of five are trainval and the rest test; ``changes`` go into every sample."""
    samples = [replace(draw_sample(index), **changes) for index in range(count)]
    splits = ["test" if index % 5 == 4 else "trainval" for index in range(count)]
    return DrawnSource(samples, splits, bad)


def make_pets(folder: Path, count: int = 8) -> Path:
    """A drawn data set in the official layout: cats and dogs in turn, every fourth in the test list, without XML."""
    for part in ("images", "annotations/trimaps", "annotations/xmls"):
        (folder / part).mkdir(parents=True)
    lists: dict[str, list[str]] = {"trainval": [], "test": []}
    for index in range(count):
        species, breed = ((1, "Tabby"), (2, "old_hound"))[index % 2]
        id = f"{breed}_{index}"
        sample = draw_sample(index)
        Image.fromarray(sample.image).save(folder / "images" / f"{id}.jpg", quality=95)
        Image.fromarray(to_trimap(draw_mask(index))).save(folder / "annotations" / "trimaps" / f"{id}.png")
        split = "test" if index % 4 == 3 else "trainval"
        lists[split].append(f"{id} {species} {species} 1")
        if split == "trainval":
            write_xml(folder, id, sample.boxes)
    for split, lines in lists.items():
        (folder / "annotations" / f"{split}.txt").write_text("\n".join(lines) + "\n")
    return folder


def to_trimap(mask: np.ndarray) -> np.ndarray:
    """Inside, outside, and the upper row of the inside as the border."""
    trimap = np.where(mask == 1, TRIMAP_INSIDE, TRIMAP_OUTSIDE).astype(np.uint8)
    first_row = np.flatnonzero(mask.any(1))[0]
    trimap[first_row, mask[first_row] == 1] = TRIMAP_BORDER
    return trimap


def write_xml(folder: Path, id: str, boxes: Sequence[Box]) -> None:
    """Boxes as Pascal VOC writes them: from 1, the last pixel included."""
    objects = "".join(
        f"<object><name>{box.name}</name><bndbox><xmin>{box.x0 + 1:g}</xmin><ymin>{box.y0 + 1:g}</ymin>"
        f"<xmax>{box.x1:g}</xmax><ymax>{box.y1:g}</ymax></bndbox></object>"
        for box in boxes
    )
    (folder / "annotations" / "xmls" / f"{id}.xml").write_text(f"<annotation>{objects}</annotation>")


def split_columns(split: str, hw: tuple[int, int] = (24, 32)) -> dict[str, np.ndarray]:
    """The rows of one split: drawn samples of different numbers in each split, 0 to 1 in floats."""
    start = 100 * list(SPLIT_SIZES).index(split)
    samples = [draw_sample(start + row, (40, 50)) for row in range(SPLIT_SIZES[split])]
    cut = slice(0, hw[0]), slice(0, hw[1])
    masks = [draw_mask(start + row)[cut][..., None] for row in range(SPLIT_SIZES[split])]
    return {
        "images": np.stack([sample.image[cut] for sample in samples]).astype(np.float32) / 255,
        "masks": np.stack(masks).astype(np.float32),
        "bboxes": np.array([[1 + row, 2, 11 + row, 20] for row in range(SPLIT_SIZES[split])], np.float32),
        "binary": np.arange(SPLIT_SIZES[split])[:, None] % 2,
    }


def make_split_h5(folder: Path, change: Callable[[str, np.ndarray], np.ndarray] = lambda key, values: values) -> Path:
    """The three folders; ``change`` turns each column into what the file holds."""
    for split in SPLIT_SIZES:
        (folder / split).mkdir(parents=True)
        for key, values in split_columns(split).items():
            with h5py.File(folder / split / f"{key}.h5", "w") as file:
                file[key] = change(key, values)
    return folder


def hashes(folder: Path) -> dict[Path, str]:
    """What every file below a folder holds, to see whether one is changed, added or taken away."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
