"""A photograph out of a file that is open already, such as an upload."""

from __future__ import annotations

from typing import IO, Final

import numpy as np

from auxseg.data.channels import RGB, Channels
from auxseg.data.sources.pictures.decoding import read_open_picture, to_rgb, upright
from auxseg.data.sources.pictures.native import read_open_native, refuse_other
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

_NAME: Final = "the file"
"""What errors call it; names from outside are not repeated."""


def read_open_file(file: IO[bytes], exif: str, max_pixels: int | None = None, channels: Channels = RGB) -> np.ndarray:
    """A photograph with these channels, ``h w C``, read as `read_photograph` reads one from a path.

    ``exif`` is ``"apply"`` or ``"ignore"``. Raises `InputError` for what is no image, has other channels or more bits,
    or more than ``max_pixels`` (`MAX_PIXELS`), which its header says before any is decoded.
    """
    try:
        if channels != RGB:
            image = read_open_native(file, _NAME, max_pixels)
            refuse_other(image.shape[2], image.dtype, _NAME, channels, "the model was trained on")
            return image
        picture = upright(read_open_picture(file, _NAME, max_pixels), None, exif)[0]
        return to_rgb(picture, _NAME)
    except SampleError as error:
        raise InputError(str(error)) from None
    except OSError as error:
        raise InputError(f"{_NAME} cannot be read ({error})") from None
