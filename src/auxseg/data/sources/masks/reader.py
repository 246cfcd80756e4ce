"""From the values or colours of mask files to class ids.

Shape legend: ``h w`` the mask's own size, ``n`` some number of colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
from jaxtyping import Num, UInt8

from auxseg.data.sample import IGNORE
from auxseg.data.sources.arrays.values import unknown_instances
from auxseg.data.sources.class_names import Colour
from auxseg.data.sources.embedded import ImageFile
from auxseg.data.sources.masks.files import Pixels, read_grey, read_pixels
from auxseg.data.sources.source import SampleError

_UNKNOWN: Final = -1
_NUM_NAMED: Final = 3


@final
@dataclass(frozen=True)
class MaskReader:
    """Reads a source's masks as ids of its mask classes, or IGNORE.

    - ``ids``: the class of every value in one channel; 255 is ignored unless it stands here.
    - ``colours``: the class of every colour, which then counts for files with a palette or three channels.
    - ``palette``: what the indices of palettes stand for, and a file that says so; another palette is refused.
    - ``threshold``: if given, all that counts: values from here on are class 1, others 0.
    - ``merges``: every value above 0 is class 1, but for those that are not known (`_merged`).
    """

    names: tuple[str, ...]
    ids: Mapping[int, int] = field(default_factory=dict)
    colours: Mapping[Colour, int] = field(default_factory=dict)
    palette: Mapping[int, tuple[Colour, str]] = field(default_factory=dict)
    threshold: float | None = None
    merges: bool = False

    def read(self, path: ImageFile) -> UInt8[np.ndarray, "h w"]:
        """The mask in a file. Raises `SampleError` with the reason if it holds what no class stands for."""
        if self.threshold is not None:
            return (read_grey(path) >= self.threshold).astype(np.uint8)
        pixels = read_pixels(path)
        if self.colours and (pixels.is_coloured or pixels.palette is not None):
            return self._by_colour(path, pixels)
        values = pixels.one_channel()
        if values is None:
            raise SampleError(
                f"{path.name} holds colours; say which class each is: classes.txt with lines 'name r g b', or --colours"
            )
        self._check_palette(path, pixels)
        return self._by_value(path, values)

    def _by_value(self, path: ImageFile, values: Num[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
        if self.merges:
            return _merged(values)
        table = np.full(256, _UNKNOWN, np.int16)
        table[IGNORE] = IGNORE
        for value, id in self.ids.items():
            table[value] = id
        if values.dtype == np.uint8:
            mask = table[values]
        else:
            places = np.clip(values, 0, 255).astype(np.uint8)
            mask = np.where(places == values, table[places], _UNKNOWN)
        if (mask == _UNKNOWN).any():
            found = np.unique(values[mask == _UNKNOWN])
            held = ", ".join(f"{value:g}" for value in found[:_NUM_NAMED]) + (" ..." if len(found) > _NUM_NAMED else "")
            raise SampleError(f"its mask holds {held}; known are {self._known()}")
        return mask.astype(np.uint8)

    def _known(self) -> str:
        ids = sorted(self.ids)
        together = f"0 to {ids[-1]}" if ids == list(range(len(ids))) else ", ".join(map(str, ids))
        names = ", ".join(self.names) if len(self.names) <= 8 else f"{', '.join(self.names[:8])}, ..."
        return f"{together} ({names})"

    def _by_colour(self, path: ImageFile, pixels: Pixels) -> UInt8[np.ndarray, "h w"]:
        if pixels.palette is not None and pixels.values.max() >= len(pixels.palette):
            raise SampleError(f"{path.name} has indices beyond its palette")
        packed = pack(pixels.values if pixels.palette is None else pixels.palette[pixels.values])
        known = np.array(sorted(_number(colour) for colour in self.colours), np.int32)
        classes = np.array([self.colours[unpack(number)] for number in known], np.int16)
        places = np.searchsorted(known, packed).clip(max=len(known) - 1)
        mask = np.where(known[places] == packed, classes[places], _UNKNOWN)
        if (mask == _UNKNOWN).any():
            strangers, counts = np.unique(packed[mask == _UNKNOWN], return_counts=True)
            most = counts.argmax()
            others = f" and {len(counts) - 1} other colours" if len(counts) > 1 else ""
            raise SampleError(
                f"{path.name} has {counts[most]} pixels of the colour {show_colour(unpack(strangers[most]))}{others}, "
                f"which belongs to no class; known are {self._table()}"
            )
        return mask.astype(np.uint8)

    def _table(self) -> str:
        shown = [f"{show_colour(colour)} ({self._name(id)})" for colour, id in self.colours.items()]
        return ", ".join(shown[:8]) + (", ..." if len(shown) > 8 else "")

    def _name(self, id: int) -> str:
        return "ignored" if id == IGNORE else self.names[id]

    def _check_palette(self, path: ImageFile, pixels: Pixels) -> None:
        for index, colour in used_colours(pixels).items():
            expected, file = self.palette.get(index, (colour, path.name))
            if colour != expected:
                raise SampleError(
                    f"in the palette of {path.name} index {index} is {show_colour(colour)}, in that of {file} "
                    f"{show_colour(expected)}; {HOW_TO_SAY}"
                )


def _merged(values: Num[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Every object is class 1. Not known is what a layer of instances takes for it."""
    return np.where(unknown_instances(values), IGNORE, values > 0).astype(np.uint8)


HOW_TO_SAY: Final = (
    "give the classes' colours (--colours FILE with lines 'name r g b'), or --colours auto to tell classes by colour, "
    "or --colours index to trust the indices"
)


def used_colours(pixels: Pixels) -> dict[int, Colour]:
    """The colours behind the indices that occur in a mask with a palette; empty without one."""
    if pixels.palette is None:
        return {}
    indices = np.flatnonzero(np.bincount(pixels.values.ravel(), minlength=256))
    return {int(index): to_colour(pixels.palette[index]) for index in indices if index < len(pixels.palette)}


def pack(colours: UInt8[np.ndarray, "... 3"]) -> Num[np.ndarray, ...]:
    """One number for each colour."""
    red, green, blue = (colours[..., channel].astype(np.int32) for channel in range(3))
    return red << 16 | green << 8 | blue


def _number(colour: Colour) -> int:
    red, green, blue = colour
    return red << 16 | green << 8 | blue


def unpack(number: int | np.integer) -> Colour:
    """The colour of a number that `pack` gave."""
    return int(number) >> 16, int(number) >> 8 & 255, int(number) & 255


def to_colour(colour: UInt8[np.ndarray, " channels"]) -> Colour:
    """A colour as numbers of Python."""
    red, green, blue = (int(channel) for channel in colour)
    return red, green, blue


def show_colour(colour: Colour) -> str:
    """A colour in words: ``(255, 0, 0)``."""
    return f"({', '.join(map(str, colour))})"
