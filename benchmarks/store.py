"""Random reads from a store, beside decoding and resizing the JPEG files, and beside a NumPy memory map.

All files are in the page cache after the first round. `size` is the stored size in pixels; `photographs` a folder in
the layout of Oxford-IIIT Pet, generated pictures of 500 x 375 pixels if none is given. A read of the store or of the
memory map gives picture and mask, the second store each at its own size, the third one from 8 files; decoding a JPEG
the picture alone.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from auxseg.config import config
from auxseg.data.preparing.convert import convert
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources import open_source
from auxseg.data.store.store import Store
from benchmarks.tools.timing import alternate


@config
class Options:
    """Settings."""

    photographs: Path | None = None
    size: int = 256
    rounds: int = 7


def main(options: Options) -> dict[str, Any]:
    """Read every sample once per turn, in one random order."""
    with tempfile.TemporaryDirectory() as folder:
        photographs = options.photographs or _generated(Path(folder) / "photographs")
        source = open_source("oxford-iiit-pet", photographs)
        prepare(source, Path(folder) / "store.h5", size=options.size, processes=None)
        store = Store.open(Path(folder) / "store.h5")
        prepare(source, Path(folder) / "own.h5", size="original", processes=None)
        own = Store.open(Path(folder) / "own.h5")
        several = Store.open(convert(store.path, Path(folder) / "several", shard_size=-(-len(store) // 8)).path)
        own_bytes = sum(4 * own.place(row).size.num_pixels for row in range(len(own))) / len(own)
        images, masks = _memory_maps(store, Path(folder))
        order = np.random.default_rng(0).permutation(len(store)).tolist()
        files = [photographs / "images" / f"{name}.jpg" for name in store.ids]
        reads: dict[str, Callable[[int], object]] = {
            "store": store.read,
            "store, each image at its own size": own.read,
            "store of 8 files": several.read,
            "NumPy memmap": lambda row: (np.array(images[row]), np.array(masks[row])),
            "JPEG, decoded and resized": lambda row: _decoded(files[row], options.size),
            "JPEG, decoded smaller and resized": lambda row: _decoded(files[row], options.size, smaller=True),
        }
        # Each sample is dropped before the next is read, as in training.
        sides = {name: lambda read=read: deque(map(read, order), maxlen=0) for name, read in reads.items()}
        timings = alternate(sides, options.rounds)
    return {
        "rows": [
            {
                "side": name,
                "microseconds per sample": 1e6 * timing.median / len(order),
                "times the store's": str(timing.over(timings["store"])),
                "GB/s": (own_bytes if "own size" in name else 4 * store.size.num_pixels)
                / (1e9 * timing.median / len(order)),
            }
            for name, timing in timings.items()
        ],
        "samples": len(order),
        "photographs": str(options.photographs or "generated"),
    }


def _generated(folder: Path) -> Path:
    """Smooth random pictures with some noise, which compress like photographs do."""
    random = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    (folder / "annotations" / "trimaps").mkdir(parents=True)
    names = [f"Generated_{number}" for number in range(1, 201)]
    for name in names:
        coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8)).resize(
            (500, 375), Image.Resampling.BICUBIC
        )
        noisy = np.asarray(coarse) + random.normal(0, 8, (375, 500, 3))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / "images" / f"{name}.jpg", quality=90)
        trimap = np.where(np.asarray(coarse)[..., 0] > 128, 1, 2).astype(np.uint8)
        Image.fromarray(trimap).save(folder / "annotations" / "trimaps" / f"{name}.png")
    lines = [f"{name} 1 1 1\n" for name in names]
    (folder / "annotations" / "trainval.txt").write_text("".join(lines[:150]))
    (folder / "annotations" / "test.txt").write_text("".join(lines[150:]))
    return folder


def _memory_maps(store: Store, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    images, masks = (np.stack(part) for part in zip(*(store.read(row) for row in range(len(store))), strict=True))
    np.save(folder / "images.npy", images)
    np.save(folder / "masks.npy", masks)
    return np.load(folder / "images.npy", mmap_mode="r"), np.load(folder / "masks.npy", mmap_mode="r")


def _decoded(path: Path, size: int, smaller: bool = False) -> np.ndarray:
    """The picture at the stored size; ``smaller`` lets the decoder skip what the size does not need."""
    with Image.open(path) as picture:
        if smaller:
            picture.draft("RGB", (size, size))
        return np.asarray(picture.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))
