"""The boxes of objects, by the names of their classes."""

from __future__ import annotations

from collections.abc import Sequence

from auxseg.data.sample import Box
from auxseg.data.sources.coco.categories import Categories
from auxseg.data.sources.coco.file import CocoObject


def named_boxes(objects: Sequence[CocoObject], categories: Categories) -> tuple[tuple[Box, ...], list[str]]:
    """The boxes of all objects but crowds and background, in pixels, and why some objects have none."""
    boxes: list[Box] = []
    faults: list[str] = []
    for each in objects:
        if each.fault:
            faults.append(f"object {each.id}: {each.fault}; its pixels are ignored, and so is its box")
        elif each.is_crowd or categories.is_background(each.category):
            continue
        elif each.box_fault:
            faults.append(f"the box of object {each.id}: {each.box_fault}")
        elif each.box is not None:
            x, y, width, height = each.box
            boxes.append(Box(x, y, x + width, y + height, categories.name(each.category)))
    return tuple(boxes), faults
