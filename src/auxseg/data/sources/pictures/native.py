"""Reading images with all their channels and bits, as ``--channels`` asks: 1 to 16 channels of uint8 or uint16.

Shape legend: ``h w`` the image's own size, ``C`` its channels.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Final

import cv2
import numpy as np
from jaxtyping import UInt

from auxseg.data.channels import MAX_CHANNELS, Channels, unnamed
from auxseg.data.sources.arrays.npy import MAX_BYTES, npy_head, read_open_npy
from auxseg.data.sources.embedded import ImageFile
from auxseg.data.sources.pictures.decoding import MAX_PIXELS, open_file, read_open_header, read_open_picture
from auxseg.data.sources.pictures.tiff import TIFF_MARKS, Tiff
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

NATIVE: Final = "native"
"""The setting that keeps channels as the files have them."""

ARRAY_SUFFIX: Final = ".npy"

NPY_MARK: Final = b"\x93NUMPY"
_PNG_MARK: Final = b"\x89PNG\r\n\x1a\n"
_PNG_BITS: Final = 24
"""Where a PNG file says how many bits a channel has; the next byte says which channels there are."""

_PNG_CHANNELS: Final = {0: 1, 2: 3, 6: 4}
"""By that byte: grey, colours, colours with alpha. OpenCV makes four channels of grey with alpha."""

_PNG_ALPHA: Final = (4, 6)

_MODES: Final = ("L", "LA", "RGB", "RGBA")
_NUM_TRIED: Final = 16


def read_native(path: ImageFile) -> UInt[np.ndarray, "h w C"]:
    """An image of a file with its own channels, of uint8 or uint16; it is never turned by an EXIF orientation.

    Arrays (.npy) are (height, width), (height, width, channels) or (channels, height, width): the shorter of the outer
    axes is that of the channels. Raises `SampleError` with the reason for what cannot be read, has other types or more
    than `MAX_PIXELS` pixels or `MAX_BYTES` bytes; sizes are compared before memory is taken.
    """
    with open_file(path) as file:
        return read_open_native(file, path.name)


def read_open_native(file: IO[bytes], name: str, max_pixels: int | None = None) -> np.ndarray:
    """The same of an open file, ``h w C``; ``name`` is what errors call it."""
    most = MAX_PIXELS if max_pixels is None else max_pixels
    mark = file.read(len(_PNG_MARK))
    file.seek(0)
    if mark.startswith(NPY_MARK):
        return _array(file, name, most)
    if mark.startswith(TIFF_MARKS):
        tiff = Tiff.open(file, name)
        _bound(name, (tiff.height, tiff.width, tiff.num_channels), tiff.dtype, most)
        if (image := tiff.decoded(file)) is not None:
            return image
        file.seek(0)
    if mark == _PNG_MARK and file.read(_PNG_BITS + 1)[_PNG_BITS:] == b"\x10":
        return _deep_png(file, name, most)
    file.seek(0)
    picture = read_open_picture(file, name, most)
    if picture.mode not in _MODES:
        raise SampleError(f"{name} has mode {picture.mode}, expected one of {', '.join(_MODES)}, or 16 bits")
    values = np.asarray(picture)
    return values if values.ndim == 3 else values[..., None]


def native_size(path: ImageFile) -> tuple[int, int]:
    """Height and width of an image, from its header. Raises `SampleError` as `read_native` does."""
    with open_file(path) as file:
        mark = file.read(len(NPY_MARK))
        file.seek(0)
        if mark.startswith(NPY_MARK):
            shape, _ = layout(*_head(file, path.name), path.name)
            return shape[0], shape[1]
        if mark.startswith(TIFF_MARKS):
            tiff = Tiff.open(file, path.name)
            return tiff.height, tiff.width
        header = read_open_header(file, path.name)
        return header.height, header.width


def native_orientation(path: ImageFile) -> int:
    """The EXIF orientation of an image, which `read_native` does not follow; 1 where there is none to be read."""
    try:
        with open_file(path) as file:
            mark = file.read(len(NPY_MARK))
            file.seek(0)
            if mark.startswith(NPY_MARK):
                return 1
            if mark.startswith(TIFF_MARKS):
                return Tiff.open(file, path.name).orientation
            return read_open_header(file, path.name).orientation
    except SampleError:
        return 1


def holds_more_than_rgb(path: ImageFile) -> bool:
    """Whether an image has a further channel, or more than 8 bits, by what stands before its pixels.

    What cannot be read holds nothing.
    """
    try:
        with open_file(path) as file:
            mark = file.read(_PNG_BITS + 2)
            file.seek(0)
            if mark.startswith(TIFF_MARKS):
                tiff = Tiff.open(file, path.name)
                return tiff.num_channels not in (1, 3) or tiff.dtype != np.uint8
            if mark.startswith(_PNG_MARK) and len(mark) > _PNG_BITS + 1:
                return mark[_PNG_BITS] == 16 or mark[_PNG_BITS + 1] in _PNG_ALPHA
            return read_open_header(file, path.name).has_alpha
    except SampleError:
        return False


def decide_channels(paths: Iterable[ImageFile], asked: str) -> tuple[Channels, str]:
    """What the images of a data set consist of, by the first of them that can be read, and that file's name.

    ``asked`` is `NATIVE`, or the channels' names with commas between them. Raises `InputError` for names that are not
    as many as the channels, and where nothing can be read.
    """
    names = None if asked == NATIVE else tuple(name.strip() for name in asked.split(","))
    if names is not None and (fault := Channels(names).fault()):
        raise InputError(f"--channels {asked}: {fault}")
    reason = "there are no images"
    for path in list(paths)[:_NUM_TRIED]:
        try:
            image = read_native(path)
        except SampleError as error:
            reason = str(error)
            continue
        found = unnamed(image.shape[2], "uint16" if image.dtype == np.uint16 else "uint8")
        if names is not None and len(names) != len(found):
            raise InputError(
                f"--channels {asked}: names {len(names)} channels, but {path} has {len(found)}; name them all, or use "
                f"--channels {NATIVE}"
            )
        return (found if names is None else Channels(names, found.dtype)), path.name
    raise InputError(f"--channels {asked}: no image could be read to see its channels: {reason}")


def refuse_other(num_channels: int, dtype: np.dtype, name: str, channels: Channels, who: str) -> None:
    """Raise `SampleError` for an image of other channels; ``who`` expects these."""
    if (num_channels, str(dtype)) != (len(channels), channels.dtype):
        plural = "" if num_channels == 1 else "s"
        raise SampleError(f"{name} has {num_channels} channel{plural} of {dtype}, but {who} {channels.in_words()}")


def _array(file: IO[bytes], name: str, max_pixels: int) -> np.ndarray:
    shape, is_first = layout(*_head(file, name), name)
    _bound(name, shape, np.dtype(np.uint8), max_pixels)
    file.seek(0)
    values = read_open_npy(file, name)
    values = values[..., None] if values.ndim == 2 else values
    values = np.moveaxis(values, 0, 2) if is_first else values
    return np.ascontiguousarray(values, values.dtype.newbyteorder("="))


def _head(file: IO[bytes], name: str) -> tuple[tuple[int, ...], np.dtype]:
    head = npy_head(file, name)
    return head.shape, head.dtype


def layout(shape: tuple[int, ...], dtype: np.dtype, name: str) -> tuple[tuple[int, int, int], bool]:
    """Height, width and channels, and whether the channels come first."""
    if dtype.kind != "u" or dtype.itemsize > 2:
        raise SampleError(f"{name} holds {dtype}, expected uint8 or uint16; convert it first")
    if len(shape) == 2 and 0 not in shape:
        return (shape[0], shape[1], 1), False
    if len(shape) != 3 or 0 in shape:
        raise SampleError(f"{name} has shape {shape}, expected height x width x channels")
    first, middle, last = shape
    if first == last or min(first, last) > MAX_CHANNELS:
        raise SampleError(
            f"{name} has shape {shape}, which does not tell its channels; expected 1 to {MAX_CHANNELS} of them, first "
            "or last, and more pixels on either side"
        )
    return ((first, middle, last), False) if last < first else ((middle, last, first), True)


def _deep_png(file: IO[bytes], name: str, max_pixels: int) -> np.ndarray:
    """A PNG file of 16 bits, which Pillow would cut to 8."""
    file.seek(0)
    header = read_open_header(file, name)
    _bound(name, (header.height, header.width, 4), np.dtype(np.uint16), max_pixels)
    file.seek(0)
    content = np.frombuffer(file.read(), np.uint8)
    expected = _PNG_CHANNELS.get(int(content[_PNG_BITS + 1]), 0)
    try:
        image = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise SampleError(f"{name} is damaged: {error}") from error
    if image is None or image.dtype != np.uint16:
        raise SampleError(f"{name} is damaged: it cannot be decoded as a PNG image of 16 bits")
    image = image[..., None] if image.ndim == 2 else image
    if image.shape[2] != expected:
        raise SampleError(f"{name} has 16 bits and transparency beside its channels; save it without, or as TIFF")
    order = [2, 1, 0, 3][:expected] if expected > 1 else [0]
    return np.ascontiguousarray(image[..., order])


def _bound(name: str, shape: tuple[int, int, int], dtype: np.dtype, max_pixels: int) -> None:
    height, width, channels = shape
    if not 1 <= channels <= MAX_CHANNELS:
        raise SampleError(f"{name} has {channels} channels, expected 1 to {MAX_CHANNELS}")
    if height * width > max_pixels:
        raise SampleError(f"{name} has {width} x {height} pixels, over the limit of {max_pixels:,}")
    if height * width * channels * dtype.itemsize > MAX_BYTES:
        raise SampleError(f"{name} holds more than {MAX_BYTES:,} bytes of pixels; make it smaller first")
