"""Reading picture files that may be anything: the name says nothing, the content decides.

Shape legend: ``h w`` the picture's own size.
"""

from __future__ import annotations

import importlib
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from auxseg.data.sample import Orientation
from auxseg.data.sources.embedded import Embedded, ImageFile
from auxseg.data.sources.source import SampleError

MAX_PIXELS: Final = 100_000_000
"""Larger pictures are refused before memory is taken for them (300 MB as RGB)."""

_MAX_BYTES: Final = 1_000_000_000
"""Larger files are refused; some decoders read the whole file before they say anything."""

FORMATS: Final = ("JPEG", "PNG", "TIFF", "WebP", "BMP", "GIF", "PPM", "AVIF", "HEIF")
"""What is decoded. Pillow knows more, some of which starts other programs (Ghostscript for EPS)."""

_PLUGINS: Final = ("Jpeg", "Png", "Tiff", "WebP", "Bmp", "Gif", "Ppm", "Avif")
_DEEP_MODES: Final = ("I", "F")
_EXIF_ORIENTATION: Final = 0x0112
_TURNED_BACK: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""What makes the stored pixels of a picture that was turned by its orientation."""

SIDEWAYS: Final = (5, 6, 7, 8)
"""Orientations that change width and height."""

_TIFF_BITS: Final = 258
_AV1_HIGH_BIT_DEPTH: Final = 0x40


@dataclass(frozen=True)
class Header:
    """What a picture file says of itself before its pixels: the size in pixels and the EXIF orientation (1 to 8).

    ``has_alpha`` is whether it has a channel of transparency.
    """

    height: int
    width: int
    orientation: int
    has_alpha: bool = False


def read_picture(path: ImageFile, max_pixels: int | None = None) -> Image.Image:
    """Decode a picture file whole, in its own mode. Raises `SampleError` with the reason if that is impossible.

    Only regular files in one of `FORMATS` and of at most ``max_pixels`` (`MAX_PIXELS`) are read. Colours of more than 8
    bits per channel are refused, because decoding would cut off their low bits; grey of more is given as it is.
    """
    with open_file(path) as file:
        return read_open_picture(file, path.name, max_pixels)


def read_open_picture(file: IO[bytes], name: str, max_pixels: int | None = None) -> Image.Image:
    """Decode what an open file holds, as `read_picture` does. ``name`` is what errors call it."""
    with _identified(file, name, max_pixels) as picture:
        position = file.tell()
        if not is_deep_grey(picture) and _num_bits(picture, file) > 8:
            raise _too_deep(name, "in colour")
        file.seek(position)
        tag = _tiff_orientation(picture)
        picture.load()
        return picture if tag == 1 else _as_stored(picture, tag)


def read_header(path: ImageFile) -> Header:
    """Read what stands before the pixels, fast. Raises `SampleError` as `read_picture` does."""
    with open_file(path) as file:
        return read_open_header(file, path.name)


def read_open_header(file: IO[bytes], name: str, max_pixels: int | None = None) -> Header:
    """The same of an open file, of at most so many pixels; ``name`` is what errors call it."""
    with _identified(file, name, max_pixels) as picture:
        # Pillow decodes a whole PNG file in search of an orientation, unless that stands before the pixels.
        has_exif = picture.format != "PNG" or "exif" in picture.info
        tag = picture.getexif().get(_EXIF_ORIENTATION, 1) if has_exif else 1
        height, width = picture.height, picture.width
        if _tiff_orientation(picture) in SIDEWAYS:
            height, width = width, height
        return Header(height, width, tag if tag in range(1, 9) else 1, picture.mode in ("RGBA", "LA", "PA"))


def to_rgb(picture: Image.Image, name: str) -> UInt8[np.ndarray, "h w 3"]:
    """The picture as 8-bit RGB: palettes are looked up, transparency is dropped, animations give the first frame.

    Raises `SampleError` for more than 8 bits per channel.
    """
    if is_deep_grey(picture):
        raise _too_deep(name, f"mode {picture.mode}")
    if "transparency" in picture.info:
        picture = picture.convert("RGBA")
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def is_deep_grey(picture: Image.Image) -> bool:
    """Whether a picture has one channel of more than 8 bits."""
    return picture.mode in _DEEP_MODES or picture.mode.startswith("I;16")


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


@contextmanager
def open_file(path: ImageFile, max_bytes: int = _MAX_BYTES) -> Iterator[IO[bytes]]:
    """A regular file, or a part of one; what cannot be opened is a `SampleError` with the reason."""
    if isinstance(path, Embedded):
        with path.open() as file:
            yield file
        return
    _check_regular(path, max_bytes)
    try:
        file = path.open("rb")
    except OSError as error:
        raise SampleError(f"{path.name} is damaged: {error}") from error
    with file:
        yield file


@contextmanager
def _identified(file: IO[bytes], name: str, max_pixels: int | None = None) -> Iterator[Image.Image]:
    """A picture that is not yet decoded; every error is a `SampleError` with the reason."""
    max_pixels = MAX_PIXELS if max_pixels is None else max_pixels
    try:
        picture = _identify(file, name)
        if picture.width * picture.height > max_pixels:
            raise _too_large(name, f"{picture.width} x {picture.height}", max_pixels)
        yield picture
    except (SampleError, MemoryError):
        raise
    except Image.DecompressionBombError as error:  # Pillow's limit for parts of a file, which is above ours.
        raise _too_large(name, "too many", max_pixels) from error
    except Exception as error:  # Pillow's decoders let many kinds of errors through when a file is damaged.
        raise SampleError(f"{name} is damaged: {error}") from error


def _tiff_orientation(picture: Image.Image) -> int:
    """The orientation of a TIFF file, which Pillow turns by itself when it decodes; of others 1."""
    tags: Any = picture
    tag = tags.tag_v2.get(_EXIF_ORIENTATION, 1) if picture.format == "TIFF" else 1
    return tag if tag in _TURNED_BACK else 1


def _as_stored(picture: Image.Image, tag: int) -> Image.Image:
    """The pixels as they are in the file, with their orientation beside them, as in every other format."""
    stored = picture.transpose(_TURNED_BACK[tag])
    stored.getexif()[_EXIF_ORIENTATION] = tag
    return stored


def _check_regular(path: Path, max_bytes: int) -> None:
    """A pipe or a device would wait for ever, or give data without end."""
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise SampleError(f"{path.name} does not exist") from error
    except (OSError, ValueError) as error:
        raise SampleError(f"{path.name} cannot be opened: {error}") from error
    if not stat.S_ISREG(status.st_mode):
        raise SampleError(f"{path.name} is not a regular file")
    if status.st_size > max_bytes:
        raise SampleError(f"{path.name} has {status.st_size:,} bytes, over the limit of {max_bytes:,}")


def _identify(file: IO[bytes], name: str) -> Image.Image:
    """The picture, not yet decoded.

    `PIL.Image.open` would do, but for its limit of pixels: it is one for the whole process, and other than ours.
    """
    prefix = file.read(16)
    for make, accepts in _decoders():
        if accepts(prefix) is not True:
            continue
        try:
            file.seek(0)
            return make(file, name)
        except (SyntaxError, IndexError, TypeError, EOFError):  # It looked like this format, and is another.
            continue
    if prefix[4:8] == b"ftyp":
        raise SampleError(
            f"{name} is a HEIF or AVIF image that cannot be decoded here; convert it to JPEG or PNG, or install a "
            "decoder: pip install pillow-heif"
        )
    if prefix.startswith((b"II", b"MM")):
        raise SampleError(
            f"{name} is no TIFF file of one or three channels; `data prepare folder ... --channels native` reads others"
        )
    raise SampleError(f"{name} cannot be decoded as an image; supported formats are {', '.join(FORMATS)}")


@cache
def _decoders() -> tuple[tuple[Callable[..., Image.Image], Callable[[bytes], bool | str]], ...]:
    """How to open each of the formats, and how to tell it from the first 16 bytes."""
    for plugin in _PLUGINS:
        try:
            importlib.import_module(f"PIL.{plugin}ImagePlugin")
        except ImportError:  # AVIF came with Pillow 11.3
            continue
    try:
        heif: Any = importlib.import_module("pillow_heif")
    except ImportError:
        pass
    else:
        heif.register_heif_opener()
    known = [Image.OPEN[each.upper()] for each in FORMATS if each.upper() in Image.OPEN]
    return tuple((make, accepts) for make, accepts in known if accepts is not None)


def _num_bits(picture: Image.Image, file: IO[bytes]) -> int:
    """Bits per channel in the file; decoding makes 8 of them, as a rule without a word."""
    file.seek(0)
    match picture.format:
        case "PNG":
            return file.read(25)[24]
        case "TIFF":
            tags: Any = picture
            return max(tags.tag_v2.get(_TIFF_BITS, (1,)))
        case "PPM":
            tiles: Any = picture
            arguments = tiles.tile[0].args
            return int(arguments[-1]).bit_length() if isinstance(arguments, tuple) else 8
        case "AVIF":
            configuration = file.read(1 << 16).partition(b"av1C")[2]
            return 10 if configuration[2:3] and configuration[2] & _AV1_HIGH_BIT_DEPTH else 8
        case _:
            return int(picture.info.get("bit_depth", 8))


def _too_deep(name: str, what: str) -> SampleError:
    return SampleError(
        f"{name} has more than 8 bits per channel ({what}); convert it to 8 bits first, or keep them with "
        "`data prepare folder ... --channels native`"
    )


def _too_large(name: str, size: str, max_pixels: int) -> SampleError:
    return SampleError(f"{name} has {size} pixels, over the limit of {max_pixels:,}; make it smaller first")
