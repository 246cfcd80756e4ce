"""A folder of images with four channels of 16 bits, of which the fourth alone shows the object."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

NAMES = "red,green,blue,nir"


def write_folder(path: Path, num_images: int, side: int = 32, seed: int = 0) -> Path:
    """Noise of a camera of 12 bits; ``masks/`` say where the fourth channel is brighter."""
    random = np.random.default_rng(seed)
    (path / "images").mkdir(parents=True)
    (path / "masks").mkdir()
    for number in range(num_images):
        mask = np.zeros((side, side), np.uint8)
        top, left = random.integers(0, side // 2, 2)
        mask[top : top + side // 2, left : left + side // 2] = 1
        image = random.integers(200, 1500, (side, side, 4)).astype(np.uint16)
        image[..., 3] += mask.astype(np.uint16) * 2000
        np.save(path / "images" / f"{number}.npy", image if number % 2 else image.transpose(2, 0, 1))
        Image.fromarray(mask).save(path / "masks" / f"{number}.png")
    return path
