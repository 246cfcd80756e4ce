"""The built-in data set: generated cats and dogs whose mask, class, breed and head box are exact by construction.

From the outside in: `source` (what `data prepare` sees), `scene` (one sample, composed from layers), `backdrop`,
`props` and `portrait` (the layers), `camera` (light on the whole picture, and the sensor), `animal` with `skeleton` and
`head` (a breed in a pose, as shapes), `breeds` and `coats` (the tables), `painting` (a coat on a shape), `shapes`
(round cones on a pixel grid), `textures` (noise).
"""

from __future__ import annotations

from auxseg.data.sources.synthetic.scene import Layers, render
from auxseg.data.sources.synthetic.source import SyntheticSource

__all__ = ["Layers", "SyntheticSource", "render"]
