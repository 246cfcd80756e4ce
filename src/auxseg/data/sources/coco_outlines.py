"""Outlines of objects as COCO writes them: polygons, or run lengths of a mask.

Shape legend: ``h w`` the picture's own size.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Bool
from pycocotools import mask as coco_mask

from auxseg.data.sources.source import SampleError


def fill(outline: Any, hw: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """The pixels of an object.

    Polygons are filled by pycocotools. Run lengths are decoded here, because pycocotools reads and writes beyond its
    memory where they do not add up.

    Args:
        outline: a list of polygons ``[x, y, x, y, ...]`` in pixels, or run lengths ``{"size": [h, w], "counts": ...}``
            down the columns, background first, as numbers or in COCO's compressed text.
        hw: height and width of the picture.

    Raises:
        SampleError: with the reason, if it is neither or does not fit the picture.
    """
    height, width = hw
    match outline:
        case [[*_], *_]:
            polygons: Any = [_checked(polygon, hw) for polygon in outline]
            codes: Any = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
            return _from_counts(_decompressed(codes["counts"].decode()), hw)
        case {"size": [rows, columns], "counts": counts} if (rows, columns) == hw:
            return _from_counts(_decompressed(counts) if isinstance(counts, str) else counts, hw)
        case {"size": size, "counts": _}:
            raise SampleError(f"an outline is for a picture of {size} (height, width), but this is {height} x {width}")
    raise SampleError("an outline is neither a list of polygons nor run lengths with size and counts")


def _checked(polygon: Any, hw: tuple[int, int]) -> list[float]:
    """pycocotools takes four numbers for a box, and memory in proportion to the length of an outline."""
    is_polygon = isinstance(polygon, list) and len(polygon) >= 6 and len(polygon) % 2 == 0
    if not is_polygon or not all(isinstance(value, int | float) and math.isfinite(value) for value in polygon):
        raise SampleError("a polygon should be at least three pairs of numbers")
    height, width = hw
    x, y = polygon[::2], polygon[1::2]
    if min(x) < -width or max(x) > 2 * width or min(y) < -height or max(y) > 2 * height:
        raise SampleError(f"a polygon reaches further out of the picture of {width} x {height} than its own size")
    return polygon


def _from_counts(counts: Any, hw: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    are_counts = isinstance(counts, list) and all(type(count) is int and count >= 0 for count in counts)
    if not are_counts or sum(counts) != hw[0] * hw[1]:
        raise SampleError(f"run lengths should be whole numbers that add up to {hw[0] * hw[1]} pixels")
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(hw, order="F")


def _decompressed(text: str) -> list[int]:
    """The run lengths in COCO's compressed text.

    A number is written in groups of five bits, the lowest first, each as the character of code 48 plus the group, plus
    32 if more groups follow; the highest bit of the last group is the sign. From the fourth on, a number is the
    difference to the run length two before.
    """
    counts: list[int] = []
    number, shift = 0, 0
    for character in text:
        group = ord(character) - 48
        if not 0 <= group < 64:
            raise SampleError(f"compressed run lengths may not hold {character!r}")
        number |= (group & 31) << shift
        shift += 5
        if group < 32:
            signed = number - (1 << shift) if group & 16 else number
            counts.append(signed + counts[-2] if len(counts) > 2 else signed)
            number, shift = 0, 0
    if shift:
        raise SampleError("compressed run lengths end within a number")
    return counts
