"""Boxes around the instances of an image, each with the class that the mask says.

Shape legend: ``h w`` the image's own size, ``T`` instances of an image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import Int, UInt8, UInt16

from auxseg.data.ignore import IGNORE
from auxseg.data.layers import BoxesForm, InstancesForm, Layer
from auxseg.data.layers.boxes import COLUMNS
from auxseg.data.layers.instances import numbered
from auxseg.data.sources.layers.box_rows import NAMELESS
from auxseg.data.sources.layers.pixels import PixelLayer
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

MASK: Final = "mask"
"""The only place that classes of instances may come from."""


@final
@dataclass(frozen=True)
class InstanceBoxes:
    """A layer of boxes around the instances of another layer.

    ``first`` is the first class of the mask that the boxes may have; ``None`` for boxes of one class.
    """

    form: BoxesForm
    instances: PixelLayer
    first: int | None

    def read(
        self, id: str, hw: tuple[int, int], mask: UInt8[np.ndarray, "_ _"] | None, notes: list[str]
    ) -> Layer | None:
        """The layer of an image of this height and width that has instances and, where classes are asked for, a mask.

        Raises `SampleError`, also for instances of another size, whose boxes would lie elsewhere.
        """
        layer = self.instances.read(id, notes)
        if layer is None:
            return None
        if fault := layer.form.fault(layer.values, hw):
            raise SampleError(f"its {self.instances.folder} {fault}")
        if self.first is None:
            return boxes_around(layer.values, self.form)
        return None if mask is None else boxes_by_mask(layer.values, mask, self.first, self.form)


def instance_boxes(
    path: Path,
    name: str,
    values: Mapping[str, object],
    pixels: Mapping[str, PixelLayer],
    mask_classes: Sequence[str],
    first: int,
) -> InstanceBoxes:
    """What ``name: {kind: boxes, of: LAYER, classes: mask}`` declares. Raises `InputError`.

    Args:
        path: the file that declares it.
        name: the layer of boxes.
        values: its settings.
        pixels: the layers that have a file for every image.
        mask_classes: the names of the mask's classes.
        first: the first of these that is no background.
    """
    of, classes = values["of"], values.get("classes")
    instances = pixels.get(of) if isinstance(of, str) else None
    if instances is None or not isinstance(instances.form, InstancesForm):
        raise InputError(f"{path}: {name}: of should name a layer of instances in this file, not {of!r}")
    if "names" in values:
        raise InputError(
            f"{path}: {name}: boxes of instances take no names; classes: {MASK} gives them those of the mask"
        )
    if classes not in (None, MASK):
        raise InputError(f"{path}: {name}: classes should be {MASK} or left out, not {classes!r}")
    if classes is None:
        return InstanceBoxes(BoxesForm((NAMELESS,)), instances, None)
    if not mask_classes[first:]:
        raise InputError(f"{path}: {name}: classes: {MASK} needs masks with classes, and there are none")
    return InstanceBoxes(BoxesForm(tuple(mask_classes[first:])), instances, first)


def boxes_around(ids: UInt16[np.ndarray, "h w"], form: BoxesForm) -> Layer:
    """A box around the pixels of every instance, all of the form's one class."""
    things, places = numbered(ids)
    return _boxes(places, np.zeros(len(things), int), form)


def boxes_by_mask(ids: UInt16[np.ndarray, "h w"], mask: UInt8[np.ndarray, "_ _"], first: int, form: BoxesForm) -> Layer:
    """A box around every instance, of the class that most of its pixels have in the mask.

    Classes of the mask below ``first`` are none, and neither are ignored pixels. Raises `SampleError` for a mask of
    another size, and for an instance without a pixel of any class.
    """
    if mask.shape != ids.shape:
        (height, width), (mask_height, mask_width) = ids.shape, mask.shape
        raise SampleError(f"its instances are {height} x {width}, its mask {mask_height} x {mask_width}")
    things, places = numbered(ids)
    is_counted = (places > 0) & (mask >= first) & (mask != IGNORE)
    pairs = (places[is_counted] - 1) * IGNORE + mask[is_counted]
    counts = np.bincount(pairs, minlength=len(things) * IGNORE).reshape(len(things), IGNORE)
    bare = np.flatnonzero(counts.sum(1) == 0)
    if bare.size:
        raise SampleError(f"its instance {things[bare[0]]} has no pixel of any class in the mask")
    return _boxes(places, counts.argmax(1) - first, form)


def _boxes(places: Int[np.ndarray, "h w"], classes: Int[np.ndarray, " T"], form: BoxesForm) -> Layer:
    from scipy import ndimage  # only who has instances waits for it

    slices = ndimage.find_objects(places)
    rows = [
        (across.start, down.start, across.stop, down.stop, class_id, 0)
        for (down, across), class_id in zip(slices, classes.tolist(), strict=True)
    ]
    return Layer(form, np.array(rows, np.float32).reshape(-1, COLUMNS))
