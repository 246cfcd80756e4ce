"""The objects of an image for COCO: which pixels of its mask belong to which instance, and to which box.

Shape legend: ``h w`` the picture's size, ``K`` boxes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Bool, Float32, Int, UInt8, UInt16
from scipy import ndimage

from auxseg.data.ignore import IGNORE
from auxseg.data.layers.instances import NO_THING, UNKNOWN

_LEAST_OVERLAP: Final = 0.5
"""Intersection over union from which on a box is that of an instance."""


@final
@dataclass(frozen=True)
class CocoBox:
    """A box, half-open in pixels, with the number of its category."""

    category: int
    corners: tuple[float, float, float, float]
    is_crowd: bool

    @property
    def area(self) -> float:
        """In pixels."""
        x0, y0, x1, y1 = self.corners
        return (x1 - x0) * (y1 - y0)

    @property
    def sides(self) -> list[float]:
        """COCO's ``x y width height``."""
        x0, y0, x1, y1 = self.corners
        return [x0, y0, x1 - x0, y1 - y0]

    def overlap(self, other: tuple[int, int, int, int]) -> float:
        """Intersection over union with another box."""
        x0, y0, x1, y1 = self.corners
        across, down = min(x1, other[2]) - max(x0, other[0]), min(y1, other[3]) - max(y0, other[1])
        shared = max(across, 0) * max(down, 0)
        return shared / (self.area + (other[2] - other[0]) * (other[3] - other[1]) - shared)

    def shape(self, hw: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
        """The pixels whose middle is inside."""
        x0, y0, x1, y1 = self.corners
        rows, columns = np.arange(hw[0]) + 0.5, np.arange(hw[1]) + 0.5
        return np.outer((rows >= y0) & (rows < y1), (columns >= x0) & (columns < x1))


@final
@dataclass(frozen=True)
class Region:
    """Pixels of one category, of which there may be none where ``box`` says what is meant.

    What is no thing stands for its pixels alone: it has no box, although it is bounded. ``thing`` is the number of the
    instance that the pixels belong to, if any.
    """

    category: int
    pixels: Bool[np.ndarray, "h w"]
    box: CocoBox | None = None
    is_thing: bool = True
    thing: int = NO_THING


def coco_boxes(rows: Float32[np.ndarray, "K 6"], categories: Sequence[int]) -> list[CocoBox]:
    """The rows of a layer of boxes, whose classes have these categories."""
    return [
        CocoBox(categories[int(number)], (x0, y0, x1, y1), bool(crowd))
        for x0, y0, x1, y1, number, crowd in rows.tolist()
    ]


def coco_objects(
    mask: UInt8[np.ndarray, "h w"],
    categories: Mapping[int, int],
    things: UInt16[np.ndarray, "h w"] | None,
    boxes: Sequence[CocoBox] | None,
) -> Iterator[Region]:
    """The objects of an image one by one, whose pixels together are those of the mask.

    - An object is a class of the mask, or where instances are known one instance of it. Pixels of no instance are no
      thing.
    - Where boxes are known, every box is an object. Its pixels are those of the instance around which it lies
      (the largest intersection over union of at least one half, among those of its category) or, without instances,
      the pixels of its category inside of it that no smaller box holds. Pixels without a box are no thing.

    Args:
        mask: class ids.
        categories: by the ids of classes that are no background the numbers of their categories.
        things: the layer of instances, if the image has it.
        boxes: the layer of boxes, if the image has it.
    """
    if things is None and boxes is not None:
        yield from _inside(mask, categories, boxes)
        return
    parts, places = _parts(mask, categories, things)
    box_of = {} if boxes is None else _matched(parts, boxes)
    for number, part in enumerate(parts):
        is_thing = things is None or (part.is_thing and (boxes is None or number in box_of))
        yield Region(part.category, places == number, box_of.get(number), is_thing, part.thing)
    nothing = np.zeros(mask.shape, bool)
    for box in boxes or ():
        if not any(box is taken for taken in box_of.values()):
            yield Region(box.category, nothing, box)


def _inside(
    mask: UInt8[np.ndarray, "h w"], categories: Mapping[int, int], boxes: Sequence[CocoBox]
) -> Iterator[Region]:
    """Every box with the pixels of its category in it, the smallest box first, and what is in none."""
    left, numbers = mask.copy(), {category: number for number, category in categories.items()}
    nothing = np.zeros(mask.shape, bool)
    for box in sorted(boxes, key=lambda box: box.area):
        number = None if box.is_crowd else numbers.get(box.category)
        pixels = nothing if number is None else (left == number) & box.shape((mask.shape[0], mask.shape[1]))
        left[pixels] = IGNORE
        yield Region(box.category, pixels, box)
    for number, category in categories.items():
        if (left == number).any():
            yield Region(category, left == number, is_thing=False)


@final
@dataclass(frozen=True)
class _Part:
    """Pixels of one category, and of one instance where these are known; the box around them."""

    category: int
    thing: int
    corners: tuple[int, int, int, int]

    @property
    def is_thing(self) -> bool:
        """Whether it is an instance."""
        return self.thing not in (NO_THING, UNKNOWN)


def _parts(
    mask: UInt8[np.ndarray, "h w"], categories: Mapping[int, int], things: UInt16[np.ndarray, "h w"] | None
) -> tuple[list[_Part], Int[np.ndarray, "h w"]]:
    """The parts of the mask, by category and instance, and of each pixel the number of its part, -1 without one."""
    order = np.full(IGNORE + 1, -1, np.int64)
    order[[*categories]] = np.arange(len(categories))
    codes = order[mask] * (UNKNOWN + 1) + (0 if things is None else things.astype(np.int64))
    found, inverse = np.unique(np.where(order[mask] < 0, -1, codes), return_inverse=True)
    places = inverse.reshape(mask.shape) - int(found[:1].tolist() == [-1])
    numbers = [*categories.values()]
    parts: list[_Part] = []
    for code, (rows, columns) in zip(found[found >= 0].tolist(), ndimage.find_objects(places + 1), strict=True):
        place, thing = divmod(code, UNKNOWN + 1)
        corners = columns.start, rows.start, columns.stop, rows.stop
        parts.append(_Part(numbers[place], thing, corners))
    return parts, places


def _matched(parts: Sequence[_Part], boxes: Sequence[CocoBox]) -> dict[int, CocoBox]:
    """The boxes of the parts that are instances, by the number of the part, those that fit best first."""
    pairs = [
        (overlap, number, place)
        for number, part in enumerate(parts)
        for place, box in enumerate(boxes)
        if part.is_thing and part.category == box.category and not box.is_crowd
        if (overlap := box.overlap(part.corners)) >= _LEAST_OVERLAP
    ]
    found: dict[int, int] = {}
    for _, number, place in sorted(pairs, key=lambda pair: -pair[0]):
        if number not in found and place not in found.values():
            found[number] = place
    return {number: boxes[place] for number, place in found.items()}
