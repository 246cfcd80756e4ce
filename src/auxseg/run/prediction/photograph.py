"""The photograph that a model is asked about, out of a file or out of Python.

Shape legend: ``h w`` the photograph's own size, ``C`` its channels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt
from PIL import Image

from auxseg.data.channels import RGB, Channels
from auxseg.data.geometry import Fit
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import EXIFS, IGNORE, MISSING, Vocabulary
from auxseg.data.sources.arrays.inside import ARRAY_SUFFIXES, array_file
from auxseg.data.sources.pictures.by_rows import pixels_of
from auxseg.data.sources.pictures.decoding import MAX_PIXELS, read_picture, to_rgb, upright
from auxseg.data.sources.pictures.native import read_native, refuse_other
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError
from auxseg.keyed import sample_keys


def read_photograph(
    photograph: object, exif: str = "apply", channels: Channels = RGB, most: int | None = None
) -> UInt[np.ndarray, "h w C"]:
    """A photograph with these channels, read as `data prepare` reads those of a store.

    Args:
        photograph: a path, an image of Pillow, or a uint8 array ``h w 3`` (grey: ``h w``). For other channels than RGB
            of 8 bits a path, or an array of their number and type.
        exif: ``"apply"`` turns the photograph by its EXIF orientation, ``"ignore"`` leaves it as it is stored.
        most: how many pixels an array may have, by default `MAX_PIXELS`, as other pictures.

    Raises:
        InputError: if it is none of these, no image, too large, or of other channels, or more bits per channel.
    """
    if exif not in EXIFS:
        raise InputError(f"exif should be one of {', '.join(EXIFS)}, not {exif!r}")
    if channels != RGB:
        if exif == "apply":
            raise InputError("exif: images with other channels than 8-bit RGB are read as they are stored; use ignore")
        return _of_channels(photograph, channels, MAX_PIXELS if most is None else most)
    match photograph:
        case np.ndarray():
            return _array(photograph, MAX_PIXELS if most is None else most)
        case str() | Path():
            path = Path(photograph)
            return _array_file(path) if path.suffix.lower() in ARRAY_SUFFIXES else _pixels(path, exif)
        case Image.Image():
            return _pixels(photograph, exif)
    raise InputError(
        f"an image should be a path, a Pillow image or a uint8 array (height, width, 3), not {_kind(photograph)}"
    )


def batch_of(image: UInt[np.ndarray, "h w C"], place: Fit, vocabulary: Vocabulary) -> Batch:
    """One photograph as a network sees a stored one, without labels."""
    stored = torch.from_numpy(place.image(image)).permute(2, 0, 1)[None].float() / vocabulary.channels.white
    inside = torch.zeros(1, *place.size, dtype=torch.bool)
    y0, y1, x0, x1 = place.inside
    inside[:, y0:y1, x0:x1] = True
    return Batch(
        ids=("",),
        image=stored,
        clean=stored,
        mask=torch.full(inside.shape, IGNORE, dtype=torch.uint8),
        box=torch.full((1, 4), torch.nan),
        classes={label: torch.tensor([MISSING]) for label in vocabulary.labels},
        inside=inside,
        keys=sample_keys(0, [0], [""]),
        channels=vocabulary.channels,
    )


def _of_channels(photograph: object, channels: Channels, most: int) -> np.ndarray:
    """An image whose channels are kept as they are."""
    where = ""
    try:
        if isinstance(photograph, str | Path):
            path = Path(photograph)
            where = f"{path}: "
            image, name = read_native(array_file(path)), path.name
        elif isinstance(photograph, np.ndarray) and photograph.ndim in (2, 3) and 0 not in photograph.shape:
            image, name = photograph.reshape(*photograph.shape[:2], -1), "the array"
            _refuse_large(image, most)
        else:
            raise InputError(f"the model expects a path or an array of {channels.in_words()}, not {_kind(photograph)}")
        refuse_other(image.shape[2], image.dtype, name, channels, "the model was trained on")
        return image
    except SampleError as error:
        raise InputError(f"{where}{error}") from None
    except (MemoryError, OSError) as error:
        raise InputError(f"{where}cannot be read ({error or 'out of memory'})") from None


def _pixels(source: Path | Image.Image, exif: str) -> np.ndarray:
    """Only one copy of the picture is held at a time, since a large one takes four bytes a pixel."""
    name, where = (source.name, f"{source}: ") if isinstance(source, Path) else ("the image", "")
    try:
        picture = read_picture(source) if isinstance(source, Path) else source
        del source
        if picture.width * picture.height > MAX_PIXELS:
            raise InputError(f"{name} has {picture.width} x {picture.height} pixels; the limit is {MAX_PIXELS:,}")
        picture = upright(picture, None, exif)[0]
        return to_rgb(picture, name)
    except SampleError as error:
        raise InputError(f"{where}{error}") from None
    except (MemoryError, OSError) as error:
        raise InputError(f"{where}cannot be read ({error or 'out of memory'})") from None


def _array_file(path: Path) -> np.ndarray:
    """An array in a file, of uint8: ``h w 3``, ``3 h w`` or grey."""
    try:
        size = pixels_of(path)
        if size is not None and size[0] * size[1] > MAX_PIXELS:
            raise InputError(f"{path}: has {size[1]} x {size[0]} pixels; the limit is {MAX_PIXELS:,}")
        image = read_native(array_file(path))
        image = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
        refuse_other(image.shape[2], image.dtype, path.name, RGB, "the model was trained on")
        return image
    except SampleError as error:
        raise InputError(f"{path}: {error}") from None


def _array(photograph: np.ndarray, most: int) -> np.ndarray:
    shape = photograph.shape
    if photograph.dtype != np.uint8 or len(shape) not in (2, 3) or 0 in shape or shape[2:] not in ((), (3,)):
        raise InputError(
            "an image array should be uint8 of shape (height, width, 3), or (height, width) if grey; this one is "
            f"{photograph.dtype} of shape {shape}"
        )
    _refuse_large(photograph, most)
    return photograph if len(shape) == 3 else np.repeat(photograph[..., None], 3, axis=2)


def _refuse_large(array: np.ndarray, most: int) -> None:
    height, width = array.shape[:2]
    if height * width > most:
        raise InputError(f"the array has {width} x {height} pixels; the limit is {most:,}")


def _kind(value: object) -> str:
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
