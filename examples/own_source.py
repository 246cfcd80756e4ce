"""A source of one's own in one file: images and masks that lie side by side as ``NAME.png`` and ``NAME.mask.png``.

    python examples/own_source.py FOLDER mine.h5

The store that it writes works in every command.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import final

import numpy as np
from PIL import Image

import auxseg
from auxseg.data.sample import Sample
from auxseg.data.sources.source import Item, SampleError, Source


@final
class SideBySide(Source):
    """Reads one image when it is asked for; a mask that does not exist is ``None``."""

    name = "side by side"
    mask_classes = ("background", "leaf")

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def items(self) -> Sequence[Item]:
        """All images, by name. Raises `InputError` if there are none."""
        names = sorted(path.name.removesuffix(".png") for path in self.folder.glob("*.png"))
        images = [Item(name) for name in names if not name.endswith(".mask")]
        if not images:
            raise auxseg.InputError(f"{self.folder}: expected images NAME.png, found none")
        return images

    def read(self, item: Item) -> Sample:
        """One image with its mask. Raises `SampleError` if they have different sizes."""
        image = np.asarray(Image.open(self.folder / f"{item.id}.png").convert("RGB"))
        file = self.folder / f"{item.id}.mask.png"
        mask = (np.asarray(Image.open(file).convert("L")) >= 128).astype(np.uint8) if file.exists() else None
        if mask is not None and mask.shape != image.shape[:2]:
            raise SampleError(f"the mask has the size {mask.shape}, the image {image.shape[:2]}")
        return Sample(item.id, image, mask)

    def provenance(self) -> dict[str, str]:
        """Where the data come from."""
        return {"name": self.name, "path": str(self.folder)}


if __name__ == "__main__":
    report = auxseg.prepare(SideBySide(sys.argv[1]), sys.argv[2], size=64, split="60-20-20")
    print(report.num_written)
