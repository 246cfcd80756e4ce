"""Which channels the images of a folder or a table have, if they are to be kept, and how each is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import UInt

from auxseg.counting import count
from auxseg.data.channels import RGB, Channels
from auxseg.data.sources.arrays.inside import ARRAY_SUFFIXES
from auxseg.data.sources.embedded import ImageFile
from auxseg.data.sources.pictures.files import SUFFIXES, Listing, list_files
from auxseg.data.sources.pictures.native import (
    ARRAY_SUFFIX,
    decide_channels,
    holds_more_than_rgb,
    read_native,
    refuse_other,
)
from auxseg.errors import InputError


@final
@dataclass(frozen=True)
class NativeImages:
    """The channels of all images, and sentences about them. Without ``example`` they are read as RGB of 8 bits.

    ``example`` is the file that said which channels there are.
    """

    channels: Channels = RGB
    example: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def reader(self) -> partial[UInt[np.ndarray, "h w C"]] | None:
        """How images are read; ``None`` for RGB of 8 bits, which is read as ever."""
        return None if self.example is None else partial(_read, channels=self.channels, example=self.example)


def list_images(folder: Path, channels: str | None) -> Listing:
    """The images of a folder, arrays among them where channels are kept.

    Raises `InputError` as `list_files`, and for a folder of arrays alone if channels are not kept.
    """
    listing = list_files(folder, SUFFIXES if channels is None else (*SUFFIXES, *ARRAY_SUFFIXES))
    arrays = [name for name in listing.others if name.lower().endswith(ARRAY_SUFFIXES)]
    if arrays and not listing.paths:
        raise InputError(
            f"{folder} holds {count(len(arrays), 'array')} such as {arrays[0]}, which are read with --channels native"
        )
    return listing


def native_images(paths: Sequence[ImageFile], channels: str | None, exif: str) -> NativeImages:
    """What ``--channels`` asks for. Raises `InputError` as `decide_channels`, and where images are to be turned."""
    if channels is None:
        return NativeImages()
    found, example = decide_channels(paths, channels)
    if found == RGB and not any(path.suffix.lower() == ARRAY_SUFFIX for path in paths):
        _refuse_more(paths, channels, example)
        return NativeImages(remarks=("the images are 8-bit RGB, so --channels changes nothing",))
    if exif == "apply":
        raise InputError("--exif apply: images whose channels are kept are read as they are stored; leave --exif out")
    return NativeImages(found, example, (f"the images have {found.in_words()}",))


def _refuse_more(paths: Sequence[ImageFile], channels: str, example: str) -> None:
    """Raise `InputError` for images of more channels or bits than 8-bit RGB, of which reading as RGB loses some."""
    more = [path for path in paths if holds_more_than_rgb(path)]
    if more:
        raise InputError(
            f"--channels {channels}: {example} is 8-bit RGB, but {more[0]} has other channels or more bits (as "
            f"{count(len(more), 'image')} of {len(paths)}); leave --channels out to read all as 8-bit RGB, or prepare "
            "each kind by itself"
        )


def _read(path: ImageFile, *, channels: Channels, example: str) -> UInt[np.ndarray, "h w C"]:
    """`read_native`, with a `SampleError` for an image of other channels than those of the data set."""
    image = read_native(path)
    refuse_other(image.shape[2], image.dtype, path.name, channels, f"{example} has")
    return image
