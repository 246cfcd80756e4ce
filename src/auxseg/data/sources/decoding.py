"""Reading picture files that may be anything: the name says nothing, the content decides.

Shape legend: ``h w`` the picture's own size.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from auxseg.data.sources.source import SampleError

MAX_PIXELS: Final = 100_000_000
"""Larger pictures are refused before memory is taken for them (300 MB as RGB)."""

_DEEP_MODES: Final = ("I", "F")


def read_picture(path: Path) -> Image.Image:
    """Decode a picture file whole, in its own mode. Raises `SampleError` with the reason if that is impossible."""
    if not path.is_file():
        raise SampleError(f"{path.name} does not exist")
    try:
        with warnings.catch_warnings():
            # Pillow's own warning about size comes below the limit that is checked here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(path)
        with picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise SampleError(f"{path.name} has {picture.width} x {picture.height} pixels, over {MAX_PIXELS:,}")
            picture.load()
    except (SampleError, MemoryError):
        raise
    except Image.UnidentifiedImageError as error:
        raise SampleError(f"{path.name} is no image that can be decoded") from error
    except Exception as error:  # Pillow's decoders let many kinds of errors through when a file is damaged.
        raise SampleError(f"{path.name} is damaged: {error}") from error
    return picture


def to_rgb(picture: Image.Image, name: str) -> UInt8[np.ndarray, "h w 3"]:
    """The picture as 8-bit RGB: palettes are looked up, transparency is dropped, animations give the first frame."""
    if picture.mode in _DEEP_MODES or picture.mode.startswith("I;16"):
        raise SampleError(f"{name} has more than 8 bits per channel (mode {picture.mode}); convert it to 8 bits first")
    if "transparency" in picture.info:
        picture = picture.convert("RGBA")
    return np.asarray(picture.convert("RGB"))


def upright(picture: Image.Image, mask_hw: tuple[int, int] | None) -> Image.Image:
    """Turn a picture as its EXIF orientation says, if and only if its mask was drawn on the turned picture.

    Annotation tools differ in whether they look at the orientation, and the sizes are the only evidence: a mask that
    fits the stored pixels leaves the picture alone, and one that fits only the turned picture turns it. A picture
    without a mask (``None``) is turned, as people see it.

    Raises `SampleError` if the orientation is needed and cannot be read.
    """
    if mask_hw == (picture.height, picture.width):
        return picture
    try:
        turned = ImageOps.exif_transpose(picture)
    except Exception as error:  # As in `read_picture`, damage shows itself as many kinds of errors.
        raise SampleError(f"its EXIF is damaged: {error}") from error
    return turned if mask_hw in (None, (turned.height, turned.width)) else picture
