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

from auxseg.data.sample import Orientation
from auxseg.data.sources.source import SampleError

MAX_PIXELS: Final = 100_000_000
"""Larger pictures are refused before memory is taken for them (300 MB as RGB)."""

_DEEP_MODES: Final = ("I", "F")
_EXIF_ORIENTATION: Final = 0x0112


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
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def upright(
    picture: Image.Image, mask_hw: tuple[int, int] | None, exif: str = "auto"
) -> tuple[Image.Image, Orientation]:
    """Turn a picture as its EXIF orientation says, if its mask was drawn on the turned picture; and say what was done.

    Annotation tools differ in whether they look at the orientation. With ``exif="auto"`` the sizes decide: a mask that
    fits the stored pixels leaves the picture alone, and one that fits only the turned picture turns it. Where it fits
    both (a picture upside down, or a square one) the picture is left alone and the decision is open. A picture without
    a mask (``None``) is turned, as people see it. ``"apply"`` and ``"ignore"`` decide for all.

    Raises `SampleError` if the orientation is needed and cannot be read.
    """
    stored_hw = picture.height, picture.width
    try:
        tag = picture.getexif().get(_EXIF_ORIENTATION, 1)
        turned = picture if tag == 1 or exif == "ignore" else ImageOps.exif_transpose(picture)
    except Exception as error:  # As in `read_picture`, damage shows itself as many kinds of errors.
        if exif == "ignore" or (exif == "auto" and mask_hw == stored_hw):
            return picture, Orientation()
        raise SampleError(f"its EXIF is damaged: {error}") from error
    if tag not in range(2, 9):
        return picture, Orientation()
    fits_stored, fits_turned = (mask_hw in (None, each) for each in (stored_hw, (turned.height, turned.width)))
    if exif == "auto" and mask_hw is not None and (fits_stored or not fits_turned):
        return picture, Orientation(tag, False, not (fits_stored and fits_turned))
    return turned, Orientation(tag, exif != "ignore")
