"""The mask of a photograph from the outlines of its objects, as far as they are known.

Shape legend: ``h w`` the picture's own size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, final

import numpy as np
from jaxtyping import UInt8, UInt16

from auxseg.data.layers.instances import NO_THING, UNKNOWN
from auxseg.data.sample import IGNORE, Box
from auxseg.data.sources.clip_boxes import clip_box
from auxseg.data.sources.coco.categories import Categories
from auxseg.data.sources.coco.file import CocoObject
from auxseg.data.sources.coco.outlines import Runs, filled, runs
from auxseg.data.sources.source import SampleError

STRAY: Final = "a piece of an outline with fewer than three points was left out"
"""The note of a photograph with such a piece."""


@final
@dataclass(frozen=True)
class DrawnMask:
    """A mask, or none; what was repaired in it, and what could not be used, see `auxseg.data.sample.Sample`.

    ``things`` says of every pixel to which object it belongs, see `auxseg.data.layers.InstancesForm`.
    """

    mask: UInt8[np.ndarray, "h w"] | None
    things: UInt16[np.ndarray, "h w"] | None
    notes: tuple[str, ...]
    faults: tuple[str, ...]


def draw_mask(
    objects: Sequence[CocoObject], categories: Categories, hw: tuple[int, int], *, with_things: bool = False
) -> DrawnMask:
    """Draw all objects, the larger ones first, over what is ignored: crowds, objects of unknown class, and the boxes of
    objects whose outline is missing or wrong.

    ``with_things`` also says which object each pixel belongs to. Where the mask is ignored that is not known; what is
    no thing covers those below it, and more things than there are numbers are not known at all.
    """
    outlines: list[tuple[CocoObject, Runs]] = []
    lacking: list[tuple[CocoObject, str]] = []
    num_strays = 0
    for each in objects:
        if not each.outline:
            lacking.append((each, "has no outline"))
            continue
        try:
            lengths, strays = runs(each.outline, hw)
        except SampleError as error:
            lacking.append((each, f"has no usable outline ({error})"))
            continue
        outlines.append((each, lengths))
        num_strays += strays
    notes = (STRAY,) if num_strays else ()
    boxes = [_box(each, hw) for each, _ in lacking]
    why_not = _why_no_mask(objects, outlines, lacking, boxes)
    if why_not:
        return DrawnMask(None, None, notes, tuple(why_not))
    mask = np.zeros(hw, np.uint8)
    insides = [
        (slice(int(box.y0), int(np.ceil(box.y1))), slice(int(box.x0), int(np.ceil(box.x1)))) for box in boxes if box
    ]
    for inside in insides:
        mask[inside] = IGNORE
    counted = [(not (each.is_crowd or each.fault), each, lengths) for each, lengths in outlines]
    counted = sorted(counted, key=lambda one: (one[0], -int(one[2][1::2].sum())))
    things = np.full(hw, NO_THING, np.uint16) if with_things and len(counted) < UNKNOWN else None
    numbers = _numbers([(is_object, each) for is_object, each, _ in counted], categories)
    if things is not None:
        for inside in insides:
            things[inside] = UNKNOWN
    for number, (is_object, each, lengths) in zip(numbers, counted, strict=True):
        pixels = filled(lengths, hw)
        mask[pixels] = categories.number(each.category) if is_object else IGNORE
        if things is not None:
            things[pixels] = number
    faults = tuple(f"object {each.id} {why}; its box is ignored in the mask" for each, why in lacking)
    return DrawnMask(mask, things, notes, faults)


def _numbers(counted: Sequence[tuple[bool, CocoObject]], categories: Categories) -> Iterator[int]:
    """A number of its own for every thing, that of the file where it has one; `UNKNOWN` for what is no object."""
    taken = {each.thing for _, each in counted}
    free = (number for number in count(NO_THING + 1) if number not in taken)
    for is_object, each in counted:
        is_thing = each.is_thing and not (each.fault or categories.is_background(each.category))
        yield (each.thing or (next(free) if is_thing else NO_THING)) if is_object else UNKNOWN


def _why_no_mask(
    objects: Sequence[CocoObject],
    outlines: Sequence[tuple[CocoObject, Runs]],
    lacking: Sequence[tuple[CocoObject, str]],
    boxes: Sequence[Box | None],
) -> list[str]:
    """Why so little is known that the photograph has no mask; nothing if enough is."""
    if not lacking:
        return []
    if not any(not each.is_crowd and not each.fault for each, _ in outlines):
        first, why = lacking[0]
        others = f", nor has any other of its {len(objects)}" if len(objects) > 1 else ""
        return [f"no mask: object {first.id} {why}{others}"]
    bare = [(each, why) for (each, why), box in zip(lacking, boxes, strict=True) if box is None]
    return [f"no mask: object {each.id} {why}, and no box in which to ignore it" for each, why in bare]


def _box(each: CocoObject, hw: tuple[int, int]) -> Box | None:
    if each.box is None:
        return None
    x, y, width, height = each.box
    return clip_box(Box(x, y, x + width, y + height), hw)[0]
