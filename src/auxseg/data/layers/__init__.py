"""Named layers: dense labels beside the one mask, such as depth, surface normals or a second mask.

- `form`: what every kind of layer can do
- `maps`: numbers per pixel, with a unit; NaN where unknown
- `masks`: class ids per pixel
- `layer`: a layer of one sample, and the rules for names of layers
- `parsing`: forms from and to JSON
"""

from __future__ import annotations

from auxseg.data.layers.form import Form
from auxseg.data.layers.layer import MAX_LAYERS, Layer, LayerForm, name_fault
from auxseg.data.layers.maps import METRES, MapForm
from auxseg.data.layers.masks import MaskForm

__all__ = ["MAX_LAYERS", "METRES", "Form", "Layer", "LayerForm", "MapForm", "MaskForm", "name_fault"]
