"""What there is in a room, and in which colours.

The classes are the 13 of NYUv2: Couprie, Farabet, Najman, LeCun 2013, Indoor Semantic Segmentation using depth
information, https://arxiv.org/abs/1301.3572, in the order of the alphabet.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

CLASSES: Final = (
    "bed",
    "books",
    "ceiling",
    "chair",
    "floor",
    "furniture",
    "objects",
    "picture",
    "sofa",
    "table",
    "tv",
    "wall",
    "window",
)

NUMBER: Final = {name: number for number, name in enumerate(CLASSES)}

_WOOD: Final = ((0.45, 0.30, 0.18), (0.62, 0.45, 0.28), (0.30, 0.20, 0.13), (0.75, 0.62, 0.45))
_CLOTH: Final = ((0.55, 0.20, 0.20), (0.25, 0.32, 0.50), (0.35, 0.45, 0.33), (0.55, 0.52, 0.48), (0.30, 0.28, 0.30))
_PAINT: Final = ((0.82, 0.80, 0.75), (0.75, 0.80, 0.82), (0.85, 0.76, 0.62), (0.68, 0.76, 0.66), (0.78, 0.70, 0.72))
_BRIGHT: Final = ((0.80, 0.25, 0.20), (0.20, 0.45, 0.75), (0.85, 0.70, 0.20), (0.25, 0.60, 0.35), (0.60, 0.30, 0.60))

COLOURS: Final = {
    "bed": (*_CLOTH, *_PAINT),
    "books": _BRIGHT,
    "ceiling": ((0.90, 0.90, 0.88), (0.85, 0.84, 0.80)),
    "chair": (*_WOOD, *_CLOTH),
    "floor": (*_WOOD, (0.50, 0.50, 0.50), (0.42, 0.30, 0.28)),
    "furniture": (*_WOOD, (0.80, 0.80, 0.78)),
    "objects": (*_BRIGHT, *_PAINT),
    "picture": _BRIGHT,
    "sofa": _CLOTH,
    "table": _WOOD,
    "tv": ((0.05, 0.05, 0.06), (0.08, 0.09, 0.12)),
    "wall": _PAINT,
    "window": ((0.95, 0.97, 1.00), (0.75, 0.85, 1.00)),
}


def colour_of(name: str, random: Generator) -> Float[np.ndarray, " 3"]:
    """A colour that things of this class have: linear RGB from 0 to 1."""
    colours = COLOURS[name]
    chosen = np.array(colours[random.integers(len(colours))])
    return np.clip(chosen * random.uniform(0.8, 1.15) + random.normal(0, 0.02, 3), 0.02, 1.0)
