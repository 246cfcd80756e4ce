"""A drawn source whose samples have layers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from auxseg.data.layers import (
    METRES,
    BoxesForm,
    InstancesForm,
    Layer,
    LayerForm,
    MapForm,
    MaskForm,
    MultiMaskForm,
    PixelForm,
    PointsForm,
    TagsForm,
)
from tests.data.pictures import DrawnSource, draw_sample

FORMS: dict[str, LayerForm] = {
    "depth": MapForm(unit=METRES),
    "normals": MapForm(channels=3, is_vector=True),
    "parts": MaskForm(("none", "leg", "head")),
    "organs": MultiMaskForm(tuple("abcdefghi")),
    "weather": TagsForm(("rain", "snow", "wind")),
    "things": BoxesForm(("car", "person")),
    "joints": PointsForm(("nose", "left eye", "right eye"), (("left eye", "right eye"),)),
    "cells": InstancesForm(),
}
MAPS_AND_MASKS: dict[str, LayerForm] = {name: FORMS[name] for name in ("depth", "normals", "parts")}
SPLITS = ("train", "train", "val", "test")


def draw_layer(name: str, index: int, hw: tuple[int, int] = (40, 50)) -> Layer:
    """Random values, of which a corner of pixels is not known."""
    form, side = FORMS[name], max(hw)
    values = form.cut(form.example(side, np.random.default_rng(index)), (0, hw[0], 0, hw[1])).copy()
    if isinstance(form, PixelForm):
        values[:5, :5] = form.blank(5, 5)
    return Layer(form, values)


class LayeredSource(DrawnSource):
    """Drawn samples with all layers, but for those that are named: pairs of index and layer."""

    layers = FORMS

    def __init__(self, count: int = 4, missing: Collection[tuple[int, str]] = ()) -> None:
        samples = [
            replace(
                draw_sample(index),
                layers={name: draw_layer(name, index) for name in FORMS if (index, name) not in missing},
            )
            for index in range(count)
        ]
        super().__init__(samples, [SPLITS[index % 4] for index in range(count)])
