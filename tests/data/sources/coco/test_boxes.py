"""Boxes have the names of their classes, and say why where there is none."""

from __future__ import annotations

from pathlib import Path

from auxseg.data.sample import Box
from auxseg.data.sources.coco.boxes import named_boxes
from auxseg.data.sources.coco.categories import Categories
from auxseg.data.sources.coco.file import CocoCategory, CocoObject

_NAMES = [CocoCategory(0, "background", ""), CocoCategory(3, "cat", ""), CocoCategory(18, "dog", "")]
CATEGORIES = Categories([(Path("a.json"), _NAMES)], {3, 18})
DOG = CocoObject("7", 18, None, False, (1.5, 2, 3, 4))


def test_boxes_are_corners_with_names_in_their_order() -> None:
    assert named_boxes([DOG, DOG._replace(category=3, box=(0, 0, 1, 1))], CATEGORIES) == (
        (Box(1.5, 2, 4.5, 6, "dog"), Box(0, 0, 1, 1, "cat")),
        [],
    )


def test_crowds_background_and_objects_without_a_box_have_none() -> None:
    objects = [DOG._replace(is_crowd=True), DOG._replace(category=0), DOG._replace(box=None)]
    assert named_boxes(objects, CATEGORIES) == ((), [])


def test_faults_cost_the_box_alone_and_are_named() -> None:
    objects = [DOG._replace(fault="its class is odd"), DOG._replace(box=None, box_fault="it is torn"), DOG]
    assert named_boxes(objects, CATEGORIES) == (
        (Box(1.5, 2, 4.5, 6, "dog"),),
        ["object 7: its class is odd; its pixels are ignored, and so is its box", "the box of object 7: it is torn"],
    )
