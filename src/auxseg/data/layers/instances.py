"""Instances: to which of the things in a picture each pixel belongs.

Shape legend: ``h w`` height and width of a picture, ``N`` samples, ``T`` things in a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from jaxtyping import Bool, Int, Int32, Integer, UInt16
from PIL import Image

from auxseg.data.geometry import resample
from auxseg.data.layers.form import PixelForm, Tally, size_fault
from auxseg.records.values.size import Size, SizeLike

NO_THING: Final = 0
"""The id of pixels that belong to none."""

UNKNOWN: Final = 65535
"""The id of pixels of which that is not known."""


def numbered(ids: Integer[np.ndarray, "h w"]) -> tuple[UInt16[np.ndarray, " T"], Int[np.ndarray, "h w"]]:
    """The ids of the things in a picture in ascending order, and of every pixel the place of its own, from 1.

    Pixels without a thing, and unknown ones, have the place 0.
    """
    things = np.setdiff1d(ids, [NO_THING, UNKNOWN]).astype(np.uint16)
    places = np.zeros(UNKNOWN + 1, np.int64)
    places[things] = np.arange(1, len(things) + 1)
    return things, places[ids]


@final
@dataclass(frozen=True)
class InstancesForm(PixelForm):
    """The number of a thing in every pixel, uint16 ``h w``: 0 where there is none, `UNKNOWN` where it is not known.

    Numbers from 1 to 65534 tell the things of one picture apart and mean nothing else. Things have no class.
    """

    kind: Literal["instances"] = "instances"
    range_words = ("fewest instances", "most instances")

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> InstancesForm | None:
        """Instances have no settings."""
        return cls() if values.get("kind") == "instances" else None

    @property
    def dtype(self) -> np.dtype:
        """uint16."""
        return np.dtype(np.uint16)

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """No channels."""
        return height, width

    def blank(self, height: int, width: int) -> UInt16[np.ndarray, "h w"]:
        """`UNKNOWN` everywhere."""
        return np.full((height, width), UNKNOWN, np.uint16)

    def fault(self, values: np.ndarray, hw: tuple[int, int]) -> str:
        """Another shape or type."""
        if fault := size_fault(values, self.shape(*hw)):
            return fault
        return "" if values.dtype == np.uint16 else f"should hold uint16, not {values.dtype}"

    def known(self, values: UInt16[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
        """Where it is known."""
        return values != UNKNOWN

    def resized(self, values: UInt16[np.ndarray, "h w"], hw: tuple[int, int]) -> UInt16[np.ndarray, "_ _"]:
        """The nearest pixel, so that nothing is made up; a thing may lose all its pixels."""
        if hw == values.shape:
            return values
        return resample(values.astype(np.int32), hw, Image.Resampling.NEAREST).astype(np.uint16)

    def tally(self, values: UInt16[np.ndarray, "h w"]) -> Tally:
        """Known pixels, and the number of things."""
        known = self.known(values)
        number = len(numbered(values)[0])
        return Tally(values.size, int(known.sum()), lowest=number, highest=number)

    def batched(self, samples: Sequence[np.ndarray], size: Size) -> Int32[np.ndarray, "N h w"]:
        """The same numbers as int32, which torch can compute with."""
        return np.stack(samples).astype(np.int32)

    def example(self, size: SizeLike, random: np.random.Generator) -> UInt16[np.ndarray, "h w"]:
        """Three rectangles over each other, the last one in one corner, and nothing around them."""
        height, width = Size.of(size)
        values, numbers = np.zeros((height, width), np.uint16), random.choice(UNKNOWN - 1, 3, replace=False) + 1
        for number in numbers:
            top, left = int(random.integers(0, height)), int(random.integers(0, width))
            values[top : top + (height + 1) // 2, left : left + (width + 1) // 2] = number
        values[0, :2] = numbers[-1], NO_THING
        return values

    def in_words(self) -> str:
        """Nothing else is to be said."""
        return "a map of instances"

    def to_json(self) -> dict[str, object]:
        """The kind."""
        return {"kind": self.kind}
