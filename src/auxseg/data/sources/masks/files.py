"""The pixels of mask files, before anything is known about what they mean.

Shape legend: ``h w`` the mask's own size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Num, UInt8
from PIL import Image

from auxseg.data.sources.arrays.npy import read_npy
from auxseg.data.sources.embedded import Embedded, ImageFile
from auxseg.data.sources.pictures.decoding import (
    MAX_PIXELS,
    is_deep_grey,
    open_file,
    read_header,
    read_picture,
    to_rgb,
)
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

MASK_SUFFIXES: Final = (".bmp", ".gif", ".mat", ".npy", ".npz", ".png", ".tif", ".tiff", ".webp")
"""What mask files are called, in lower case; these formats keep every value."""

LOSSY_SUFFIXES: Final = (".jfif", ".jpe", ".jpeg", ".jpg")
"""Files whose values are not quite those that were saved; they serve at a threshold alone."""

_WITH_ALPHA: Final = ("LA", "PA", "RGBA")
_TIFF_BITS: Final = 258
_PNG_BITS: Final = 24
"""Where a PNG file says how many bits a channel has."""


@dataclass(frozen=True)
class Pixels:
    """The values of a mask file: of a palette its indices, of black and white 0 and 1, of colours three channels.

    ``palette`` holds the colours of the indices; ``None`` without one, and for greys in order, which say nothing.
    """

    values: Num[np.ndarray, "h w"] | UInt8[np.ndarray, "h w 3"]
    palette: UInt8[np.ndarray, "n 3"] | None = None

    @property
    def is_coloured(self) -> bool:
        """Whether the file has three channels, be they alike or not."""
        return self.values.ndim == 3

    def one_channel(self) -> Num[np.ndarray, "h w"] | None:
        """The values in one channel, for three that are alike too; ``None`` for colours."""
        if not self.is_coloured:
            return self.values
        return self.values[..., 0] if (self.values == self.values[..., :1]).all() else None


def refuse_lossy(name: str, what: str) -> None:
    """Raise `InputError`, which ``what`` begins, for a mask of such a name that has no threshold."""
    if name.lower().endswith(LOSSY_SUFFIXES):
        raise InputError(
            f"{what}; JPEG changes the values of a mask. Save masks as .png files, or give --threshold 128 to split "
            "them (background below 128, foreground from 128)"
        )


def read_pixels(path: ImageFile) -> Pixels:
    """The values as they are in the file. Raises `SampleError` with the reason if that is impossible."""
    if path.suffix.lower() == ".npy":
        return Pixels(_read_array(path))
    picture = read_picture(path)
    if picture.mode == "P":
        return Pixels(np.asarray(picture), _palette(picture))
    if picture.mode == "1":
        return Pixels(np.asarray(picture).astype(np.uint8))
    if picture.mode == "L":
        stretch = _stretch(path, picture)
        return Pixels(np.asarray(picture) if stretch == 1 else np.asarray(picture) // stretch)
    return Pixels(np.asarray(picture) if is_deep_grey(picture) else _read_opaque(path, picture))


def read_grey(path: ImageFile) -> Num[np.ndarray, "h w"]:
    """The brightness, 0 to 255 in a picture of 8 bits and whatever an array holds, to be cut at a threshold."""
    if path.suffix.lower() == ".npy":
        return _read_array(path)
    picture = read_picture(path)
    if is_deep_grey(picture):
        return np.asarray(picture)
    rgb = to_rgb(picture, path.name) if picture.mode == "P" else _read_opaque(path, picture)
    return np.asarray(Image.fromarray(rgb).convert("L"))


def mask_size(path: ImageFile) -> tuple[int, int]:
    """Height and width, without reading the values. Raises `SampleError`."""
    if path.suffix.lower() == ".npy":
        height, width = _open_array(path).shape
        return height, width
    header = read_header(path)
    return header.height, header.width


def _palette(picture: Image.Image) -> UInt8[np.ndarray, "n 3"] | None:
    colours = np.array(picture.getpalette() or [], np.uint8).reshape(-1, 3)
    return None if (colours == np.arange(len(colours))[:, None]).all() else colours


def _read_opaque(path: ImageFile, picture: Image.Image) -> UInt8[np.ndarray, "h w 3"]:
    """Three channels, of which an alpha channel hides nothing."""
    if picture.mode in _WITH_ALPHA:
        if np.asarray(picture.getchannel("A")).min() < 255:
            raise SampleError(
                f"{path.name} has transparent pixels; a mask should be opaque, with a class in each pixel"
            )
    elif picture.mode not in ("1", "L", "RGB", "YCbCr"):
        raise SampleError(f"{path.name} has mode {picture.mode}; a mask should have one channel, or colours as RGB")
    return np.asarray(picture.convert("RGB"))


def _stretch(path: ImageFile, picture: Image.Image) -> int:
    """What the decoder multiplied grey of 2 or 4 bits by, so that its white became 255."""
    bits = 8
    if picture.format == "PNG":
        with open_file(path) as file:
            bits = file.read(_PNG_BITS + 1)[_PNG_BITS]
    elif picture.format == "TIFF":
        tags: Any = picture
        bits = max(tags.tag_v2.get(_TIFF_BITS, (8,)))
    return {2: 85, 4: 17}.get(bits, 1)


def _read_array(path: ImageFile) -> Num[np.ndarray, "h w"]:
    values = np.array(_open_array(path))
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise SampleError(f"{path.name} holds values that are not numbers")
    return values.astype(np.uint8) if values.dtype.kind == "b" else values


def _open_array(path: ImageFile) -> np.ndarray:
    """An array that is still on the disk; nothing in it is executed, and its size is known before it is read."""
    if isinstance(path, Embedded):
        return _squeezed(read_npy(path), path.name)
    if not path.is_file():
        raise SampleError(f"{path.name} is not a regular file" if path.exists() else f"{path.name} does not exist")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except MemoryError:
        raise
    except Exception as error:  # A damaged header is evaluated by NumPy and shows itself as many kinds of errors.
        raise SampleError(f"{path.name} is not a readable array: {error}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        raise SampleError(f"{path.name} should hold one array of numbers")
    return _squeezed(array, path.name)


def _squeezed(array: np.ndarray, name: str) -> np.ndarray:
    """Height x width, without further axes of length 1."""
    squeezed = array.reshape([length for length in array.shape if length != 1]) if array.ndim == 3 else array
    if squeezed.ndim != 2 or not 0 < squeezed.size <= MAX_PIXELS:
        raise SampleError(f"{name} has the shape {array.shape}; a mask should be height x width")
    return squeezed
