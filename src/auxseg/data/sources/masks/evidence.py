"""What mask files show of what their values mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from auxseg.data.sample import IGNORE
from auxseg.data.sources.class_names import Colour
from auxseg.data.sources.embedded import ImageFile
from auxseg.data.sources.masks.files import Pixels, read_pixels
from auxseg.data.sources.masks.reader import HOW_TO_SAY, pack, show_colour, unpack, used_colours
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

_MOST_COLOURS: Final = 257
"""Colours of one file that are kept; more are no classes anyway."""

_FEWEST_FILES: Final = 3
_FEWEST_OBJECTS: Final = 3
_NUM_COUNTED: Final = 16
_SHARE_IN_ONE_PIECE: Final = 0.9


@dataclass(frozen=True)
class Look:
    """The values that occur in a mask file, ``None`` for colours; and its colours, those of a palette by index."""

    path: ImageFile
    values: frozenset[float] | None
    colours: frozenset[Colour]
    palette: dict[int, Colour]


def look_at(masks: Iterable[ImageFile]) -> list[Look]:
    """Look at mask files; those that cannot be read say why when their sample is read."""
    looks: list[Look] = []
    for path in masks:
        try:
            looks.append(_look(path, read_pixels(path)))
        except SampleError:
            continue
    return looks


def all_values(looks: Sequence[Look]) -> set[float]:
    """Every value in one of the files."""
    return set().union(*(look.values for look in looks if look.values is not None))


def agreed_palette(looks: Sequence[Look]) -> dict[int, tuple[Colour, str]]:
    """What the indices of the palettes stand for, and the first file that says so. Raises `InputError` naming two files
    whose palettes disagree about an index that both use."""
    palette: dict[int, tuple[Colour, str]] = {}
    for look in looks:
        for index, colour in look.palette.items():
            expected, file = palette.setdefault(index, (colour, look.path.name))
            if colour != expected:
                raise InputError(
                    f"the palettes of the masks differ: index {index} is {show_colour(expected)} in {file}, but "
                    f"{show_colour(colour)} in {look.path.name}; {HOW_TO_SAY}"
                )
    return palette


def mixed_files(looks: Sequence[Look]) -> tuple[ImageFile, ImageFile] | None:
    """A file of 0 and 1 and one of 0 and 255, if the masks are of these two kinds alone."""
    kinds = [look for look in looks if look.values]
    ones = [look.path for look in kinds if look.values and 1 in look.values and look.values <= {0, 1}]
    whites = [look.path for look in kinds if look.values and IGNORE in look.values and look.values <= {0, IGNORE}]
    if ones and whites and all(look.values <= {0, 1} or look.values <= {0, IGNORE} for look in kinds if look.values):
        return ones[0], whites[0]
    return None


def numbered_objects(looks: Sequence[Look]) -> tuple[Look, Look] | None:
    """The files that number the fewest and the most objects, if all masks seem to; ``None`` otherwise.

    Then each holds the ids from 1 to a number of its own, nearly all in one piece."""
    counts = {look.path: len(look.values - {0.0}) for look in looks if look.values is not None}
    objects = [look for look in looks if look.values is not None and look.values - {0}]
    if len(objects) < _FEWEST_FILES or max(counts.values()) < _FEWEST_OBJECTS:
        return None
    if any(look.values is None or look.values - {0} != set(range(1, counts[look.path] + 1)) for look in objects):
        return None
    objects.sort(key=lambda look: counts[look.path])
    fewest, most = objects[0], objects[-1]
    if counts[fewest.path] == counts[most.path]:
        return None
    pieces = [count for look in objects[:: max(len(objects) // _NUM_COUNTED, 1)] for count in _num_pieces(look)]
    return (fewest, most) if np.mean([count == 1 for count in pieces]) >= _SHARE_IN_ONE_PIECE else None


def _look(path: ImageFile, pixels: Pixels) -> Look:
    channel = pixels.one_channel()
    values = None if channel is None else _unique(channel)
    palette = used_colours(pixels)
    if not pixels.is_coloured:
        return Look(path, values, frozenset(palette.values()), palette)
    if values is not None:
        return Look(path, values, frozenset((int(value), int(value), int(value)) for value in values), palette)
    return Look(path, None, frozenset(unpack(number) for number in np.unique(pack(pixels.values))[:_MOST_COLOURS]), {})


def _unique(values: np.ndarray) -> frozenset[float]:
    if values.dtype == np.uint8:
        found = np.zeros(256, bool)
        found[values] = True
        return frozenset(np.flatnonzero(found).tolist())
    return frozenset(np.unique(values).tolist())


def _num_pieces(look: Look) -> list[int]:
    """Into how many connected pieces each object of a file falls."""
    values = read_pixels(look.path).one_channel()
    assert values is not None, "looked at before"
    ids = sorted((look.values or frozenset()) - {0})[:64]
    return [cv2.connectedComponents((values == id).astype(np.uint8), connectivity=8)[0] - 1 for id in ids]
