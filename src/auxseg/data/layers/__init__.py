"""Named layers: labels beside the one mask, such as depth, overlapping masks, tags, boxes or key points.

- `form`: what every kind of layer can do
- `maps`: numbers per pixel, with a unit; NaN where unknown
- `masks`: class ids per pixel
- `multimasks`: of every pixel and class whether they belong together
- `tags`: of every tag whether it fits the picture
- `boxes`: any number of boxes with a class
- `points`: named key points of one thing
- `instances`: to which thing each pixel belongs
- `layer`: a layer of one sample, and the rules for names of layers
- `parsing`: forms from and to JSON
"""

from __future__ import annotations

from auxseg.data.layers.boxes import BoxesForm
from auxseg.data.layers.form import FixedForm, Form, PixelForm
from auxseg.data.layers.instances import InstancesForm
from auxseg.data.layers.layer import MAX_LAYERS, Layer, LayerForm, name_fault
from auxseg.data.layers.maps import METRES, MapForm
from auxseg.data.layers.masks import MaskForm
from auxseg.data.layers.multimasks import MultiMaskForm
from auxseg.data.layers.points import PointsForm
from auxseg.data.layers.tags import TagsForm

__all__ = [
    "MAX_LAYERS",
    "METRES",
    "BoxesForm",
    "FixedForm",
    "Form",
    "InstancesForm",
    "Layer",
    "LayerForm",
    "MapForm",
    "MaskForm",
    "MultiMaskForm",
    "PixelForm",
    "PointsForm",
    "TagsForm",
    "name_fault",
]
