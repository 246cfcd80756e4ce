"""Outlines of objects as COCO writes them: polygons, or run lengths of a mask.

Shape legend: ``h w`` the picture's own size.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Int64
from pycocotools import mask as coco_mask

from auxseg.data.sources.source import SampleError
from auxseg.data.sources.values import BadValue, integer, number, shown

Runs = Int64[np.ndarray, " _"]
"""Lengths of the runs of an outline's pixels, down the columns: outside, inside, outside ..."""

_MAX_DIGITS: Final = 7
"""Groups of five bits in one compressed run length. A picture may have 100 million pixels, which takes six."""

_MAX_STEPS: Final = 20_000_000
"""Pixels that the edges of one polygon may pass: pycocotools takes 100 bytes of memory for each."""

_PIECE: Final = 6
"""Numbers in the shortest polygon: three points."""


def runs(outline: Any, hw: tuple[int, int]) -> tuple[Runs, int]:
    """The run lengths of an object, and how many pieces of its outline were left out for having under three points.

    Polygons are filled by pycocotools. Run lengths are decoded here, because pycocotools reads and writes beyond its
    memory where they do not add up.

    Args:
        outline: a list of polygons ``[x, y, x, y, ...]`` in pixels, one such polygon alone, or run lengths
            ``{"size": [h, w], "counts": ...}`` as numbers or in COCO's compressed text.
        hw: height and width of the picture.

    Raises:
        SampleError: with the reason, if it is none of these or does not fit the picture.
    """
    height, width = hw
    match outline:
        case [int() | float() | str(), *_]:
            return runs([outline], hw)
        case [[*_], *_]:
            pieces = [piece for piece in outline if not isinstance(piece, list) or not _is_stray(piece)]
            if not pieces:
                raise SampleError("a polygon should be at least three pairs of numbers")
            polygons: Any = [_checked(piece, hw) for piece in pieces]
            codes: Any = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
            return _checked_runs(_decompressed(codes["counts"].decode(), hw), hw), len(outline) - len(pieces)
        case {"size": size, "counts": counts}:
            if not _is_size(size, hw):
                found = size if isinstance(size, list) and len(size) == 2 else shown(size)
                raise SampleError(
                    f"an outline is for an image of {found} (height, width), but this is {height} x {width}"
                )
            return _checked_runs(_decompressed(counts, hw) if isinstance(counts, str) else counts, hw), 0
    raise SampleError("an outline should be a list of polygons, or run lengths with size and counts")


def filled(lengths: Runs, hw: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """The pixels of an object."""
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(hw, order="F")


def _is_size(size: Any, hw: tuple[int, int]) -> bool:
    try:
        return isinstance(size, list) and tuple(integer(each, "size") for each in size) == hw
    except BadValue:
        return False


def _is_stray(piece: list[Any]) -> bool:
    """Whether a piece of an outline is a point or a line, which surrounds nothing: tools leave such pieces behind."""
    return len(piece) < _PIECE and len(piece) % 2 == 0


def _checked(polygon: Any, hw: tuple[int, int]) -> list[float]:
    """pycocotools takes four numbers for a box, and memory in proportion to the length of an outline."""
    if not isinstance(polygon, list) or len(polygon) < _PIECE or len(polygon) % 2:
        raise SampleError("a polygon should be at least three pairs of numbers")
    height, width = hw
    try:
        values = [each if type(each) is float and abs(each) < 1e9 else number(each, "a coordinate") for each in polygon]
    except BadValue as error:
        raise SampleError(f"a polygon should be at least three pairs of numbers: {error}") from None
    x, y = values[::2], values[1::2]
    if min(x) < -width or max(x) > 2 * width or min(y) < -height or max(y) > 2 * height:
        raise SampleError(f"a polygon extends beyond the image of {width} x {height} by more than the image's size")
    # No edge is longer than three pictures, so that only polygons of many points can be too long.
    if len(x) * 3 * max(hw) > _MAX_STEPS:
        steps = sum(
            max(abs(x1 - x0), abs(y1 - y0)) for (x0, x1), (y0, y1) in zip(pairwise(x), pairwise(y), strict=True)
        )
        if steps > _MAX_STEPS:
            raise SampleError(f"the edges of a polygon pass {steps:,.0f} pixels; at most {_MAX_STEPS:,} are followed")
    return values


def _checked_runs(counts: Any, hw: tuple[int, int]) -> Runs:
    num_pixels = hw[0] * hw[1]
    reason = f"run lengths should be whole numbers that add up to {num_pixels} pixels"
    if not isinstance(counts, list) or len(counts) > 2 * num_pixels + 2:
        raise SampleError(reason)
    try:
        counts = [each if type(each) is int else integer(each, "counts") for each in counts]
    except BadValue as error:
        raise SampleError(f"{reason}: {error}") from None
    if min(counts, default=0) < 0 or sum(counts) != num_pixels:
        raise SampleError(reason)
    return np.array(counts, np.int64)


def _decompressed(text: str, hw: tuple[int, int]) -> list[int]:
    """The run lengths in COCO's compressed text.

    A number is written in groups of five bits, the lowest first, each as the character of code 48 plus the group, plus
    32 if more groups follow; the highest bit of the last group is the sign. From the fourth on, a number is the
    difference to the run length two before.
    """
    if len(text) > _MAX_DIGITS * (2 * hw[0] * hw[1] + 2):
        raise SampleError(
            f"compressed run lengths of {len(text):,} characters are too many for {hw[0]} x {hw[1]} pixels"
        )
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
        elif shift >= 5 * _MAX_DIGITS:
            raise SampleError(f"a compressed run length may have at most {_MAX_DIGITS} characters")
    if shift:
        raise SampleError("compressed run lengths end in the middle of a number")
    return counts
