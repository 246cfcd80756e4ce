"""Masks in picture files whose pixels are class ids, and the names of these ids.

Shape legend: ``h w`` the picture's own size.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.sample import IGNORE
from auxseg.data.sources.decoding import read_picture
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

NAMES_FILE: Final = "classes.txt"


def read_ids(path: Path) -> UInt8[np.ndarray, "h w"]:
    """The pixels as they are in the file: of a palette its indices, of black and white 0 and 1.

    Raises `SampleError` with the reason if that is impossible.
    """
    picture = read_picture(path)
    if picture.mode not in ("1", "L", "P"):
        raise SampleError(f"{path.name} has mode {picture.mode}; a mask should have one channel of 8 bits")
    return np.asarray(picture).astype(np.uint8)


def check_fits(mask: np.ndarray | None, image: np.ndarray) -> None:
    """Raise `SampleError` if a mask has another size than its image."""
    if mask is not None and mask.shape != image.shape[:2]:
        (mask_height, mask_width), (height, width) = mask.shape, image.shape[:2]
        raise SampleError(f"its mask is {mask_height} x {mask_width} (height x width), its image {height} x {width}")


def read_names(folder: Path) -> tuple[str, ...] | None:
    """The names of the mask classes in ``classes.txt``, one a line, background first; ``None`` without that file.

    Raises `InputError` if they cannot be read, are not different or are not between 2 and 255.
    """
    path = folder / NAMES_FILE
    if not path.exists():
        return None
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read; it should hold the names of the mask classes, one a line") from error
    names = tuple(line.strip() for line in lines if line.strip())
    if not 2 <= len(names) <= IGNORE or len(set(names)) < len(names):
        raise InputError(
            f"{path} should hold between 2 and {IGNORE} different names, background first; it holds {len(names)}, "
            f"{len(set(names))} of them different"
        )
    return names
