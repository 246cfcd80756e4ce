"""A picture read together with its mask, which decides whether the picture is turned.

Shape legend: ``h w`` the picture's own size, ``C`` its channels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import UInt, UInt8

from auxseg.data.sample import Orientation
from auxseg.data.sources.embedded import ImageFile
from auxseg.data.sources.masks.reader import MaskReader
from auxseg.data.sources.masks.sizes import fitting
from auxseg.data.sources.pictures.decoding import read_picture, to_rgb
from auxseg.data.sources.pictures.native import native_orientation
from auxseg.data.sources.pictures.orientation import orient
from auxseg.data.sources.source import SampleError

ImageReader = Callable[[ImageFile], UInt[np.ndarray, "h w C"]]
"""Reads the image of a file. Raises `SampleError` if that is impossible."""

AS_STORED: Final = "its EXIF orientation is not followed: images whose channels are kept are read as they are stored"
"""The note of a sample whose image would be turned if it were read as RGB of 8 bits."""


@final
@dataclass(frozen=True)
class LabelledPicture:
    """A picture and its mask, if it has one that can be used; what was done to read them, and why there is no mask.

    The fields after ``mask`` are those of `auxseg.data.sample.Sample`.
    """

    image: UInt[np.ndarray, "h w C"]
    mask: UInt8[np.ndarray, "h w"] | None
    orientation: Orientation
    notes: tuple[str, ...]
    dropped: tuple[str, ...]


def read_labelled(
    picture: ImageFile,
    mask: ImageFile | None,
    reader: MaskReader,
    exif: str,
    agreed: Callable[[], bool | None],
    *,
    has_boxes: bool,
    read_image: ImageReader | None = None,
) -> LabelledPicture:
    """Read a picture and its mask; see `auxseg.data.sources.pictures.orientation.orient` for the settings.

    With ``read_image`` the picture is what that gives, and is never turned; an orientation is noted. A mask that cannot
    be read or has another size is left out. Raises `SampleError` if the picture cannot be read.
    """
    values, dropped = None, ()
    if mask is not None:
        try:
            values = reader.read(mask)
        except SampleError as error:
            dropped = (str(error),)
    hw = None if values is None else (values.shape[0], values.shape[1])
    if read_image is None:
        turned, orientation, notes = orient(read_picture(picture), hw, exif, agreed, has_boxes=has_boxes)
        image = to_rgb(turned, picture.name)
    else:
        image, orientation = read_image(picture), Orientation()
        notes = () if native_orientation(picture) == 1 else (AS_STORED,)
    values, dropped = fitting(values, image, dropped)
    return LabelledPicture(image, values, orientation, notes, dropped)
