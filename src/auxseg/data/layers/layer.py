"""A layer of one sample, and what layers may be called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from auxseg.data.layers.boxes import BoxesForm
from auxseg.data.layers.instances import InstancesForm
from auxseg.data.layers.maps import MapForm
from auxseg.data.layers.masks import MaskForm
from auxseg.data.layers.multimasks import MultiMaskForm
from auxseg.data.layers.points import PointsForm
from auxseg.data.layers.tags import TagsForm

MAX_LAYERS: Final = 32
"""Layers of one store."""

MAX_NAME: Final = 64
"""Characters of the name of a layer."""

LayerForm = MapForm | MaskForm | MultiMaskForm | TagsForm | BoxesForm | PointsForm | InstancesForm
"""Every kind of layer."""


@final
@dataclass(frozen=True, eq=False)
class Layer:
    """The values of a layer in one photograph, at the photograph's own size, and what they mean.

    A map is a floating-point array ``h w C`` with NaN in unknown pixels, a mask a uint8 array ``h w`` with `IGNORE`. A
    multimask is what `MultiMaskForm.pack` gives, tags are a uint8 array ``T`` with `IGNORE`, boxes and points
    rows of `BoxesForm` and `PointsForm`. Instances are a uint16 array ``h w``, see `InstancesForm`.
    """

    form: LayerForm
    values: np.ndarray

    def fault(self, hw: tuple[int, int]) -> str:
        """Why the layer does not fit a photograph of this height and width; empty if it does."""
        return self.form.fault(self.values, hw)


def name_fault(name: str) -> str:
    """Why a layer cannot have this name, to be put after it; empty if it can."""
    if re.fullmatch(rf"[A-Za-z][A-Za-z0-9_-]{{0,{MAX_NAME - 1}}}", name):
        return ""
    return f"should be a letter and at most {MAX_NAME - 1} more letters, digits, '_' or '-'"
