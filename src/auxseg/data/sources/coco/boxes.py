"""The layers of objects, and their boxes by the names of their classes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import numpy as np

from auxseg.data.layers import BoxesForm, InstancesForm, Layer, LayerForm, TagsForm
from auxseg.data.sample import Box
from auxseg.data.sources.coco.categories import Categories
from auxseg.data.sources.coco.file import CocoObject
from auxseg.data.sources.coco.points import POINTS, points_form
from auxseg.data.sources.layers.box_rows import box_layer
from auxseg.errors import InputError

INSTANCES: Final = "instances"
LAYERS: Final = ("boxes", "tags", POINTS, INSTANCES)
"""What layers objects give."""


def object_forms(asked: Collection[str], categories: Categories, *, has_outlines: bool) -> dict[str, LayerForm]:
    """The layers that are asked for: all boxes, as tags which categories occur, key points, and instances, for which
    objects need outlines. Raises `InputError`."""
    strangers = sorted({*asked} - {*LAYERS})
    if strangers:
        raise InputError(f"layers should be some of {', '.join(LAYERS)}, not {strangers[0]!r}")
    makers: Mapping[str, Callable[[], LayerForm]] = {
        "boxes": lambda: BoxesForm(categories.names[1:]),
        "tags": lambda: TagsForm(categories.names[1:]),
        POINTS: lambda: points_form(categories),
        INSTANCES: InstancesForm,
    }
    if INSTANCES in asked and not has_outlines:
        raise InputError(f"layers: no object has an outline, so there are no {INSTANCES}; leave them out of the layers")
    return {name: makers[name]() for name in LAYERS if name in asked}


def object_layers(
    objects: Sequence[CocoObject],
    categories: Categories,
    forms: Mapping[str, LayerForm],
    hw: tuple[int, int],
    unknown: Collection[str] = (),
) -> dict[str, Layer]:
    """The boxes and tags of an image of this height and width, without those of which the file says that nothing is
    known.

    What is no thing has no box; a crowd of it says nothing of its category either. An object of which neither class
    nor crowd can be believed leaves tags and boxes unknown, and one without a usable box the boxes: what is not named
    would be taken for absent.
    """
    if any(each.fault for each in objects):
        return {}
    usable = [each for each in objects if not categories.is_background(each.category)]
    layers: dict[str, Layer] = {}
    for name, form in forms.items():
        if name in unknown:
            continue
        if isinstance(form, BoxesForm):
            things = [each for each in usable if each.is_thing]
            if any(each.box is None or each.box_fault for each in things):
                continue
            crowds = [_box(each, categories) for each in things if each.is_crowd]
            layer = box_layer(named_boxes(objects, categories)[0], crowds, form, hw)
            if layer is not None:
                layers[name] = layer
        elif isinstance(form, TagsForm):
            found = {categories.name(each.category) for each in usable if each.is_thing or not each.is_crowd}
            layers[name] = Layer(form, np.array([tag in found for tag in form.names], np.uint8))
    return layers


def lost_layers(layers: Collection[str], forms: Collection[str], unknown: Collection[str] = ()) -> list[str]:
    """Why an image lacks layers that are asked for, but for those of which the file says that nothing is known, and for
    key points, which images may lack."""
    why = {INSTANCES: "it has no mask, or more objects than numbers"}
    other = "an object of it has none that can be used"
    lost = [name for name in forms if name not in {*layers, *unknown, POINTS}]
    return [f"its {name} are not known: {why.get(name, other)}" for name in lost]


def named_boxes(objects: Sequence[CocoObject], categories: Categories) -> tuple[tuple[Box, ...], list[str]]:
    """The boxes of all things but crowds and background, in pixels, and why some objects have none."""
    boxes: list[Box] = []
    faults: list[str] = []
    for each in objects:
        if each.fault:
            faults.append(f"object {each.id}: {each.fault}; its pixels are ignored, and so is its box")
        elif each.is_crowd or not each.is_thing or categories.is_background(each.category):
            continue
        elif each.box_fault:
            faults.append(f"the box of object {each.id}: {each.box_fault}")
        elif each.box is not None:
            boxes.append(_box(each, categories))
    return tuple(boxes), faults


def _box(each: CocoObject, categories: Categories) -> Box:
    assert each.box is not None
    x, y, width, height = each.box
    return Box(x, y, x + width, y + height, categories.name(each.category))
