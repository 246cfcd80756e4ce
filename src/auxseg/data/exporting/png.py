"""Pictures of an exported data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import UInt
from PIL import Image


def write_png(path: Path, pixels: UInt[np.ndarray, "h w ..."]) -> None:
    """Write a picture of 8 bits, or a grey one of 16 bits, into a folder that is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="PNG", compress_level=1)
