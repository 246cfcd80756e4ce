"""The settings of the augmentation."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from auxseg.config import config
from auxseg.errors import InputError

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Side = Annotated[float, Field(ge=0.1, le=1.5)]
"""At 1.5 a picture is made smaller by a third: little enough for bilinear sampling without a low-pass filter."""


@config
class AugmentConfig:
    """How strongly training pictures are varied. Everything is drawn evenly from its range, for each sample alone.

    Saturation, hue and grey are for red, green and blue; they do nothing to images of other channels.

    Attributes:
        flip: probability of a horizontal flip.
        geometric: probability that scale, aspect, rotation and perspective are applied.
        scale: smallest and largest side of the shown crop, as a fraction of the picture's side (drawn evenly in its
            logarithm). Below 1 zooms in; above 1 shows the whole picture smaller. The crop's position is drawn too:
            anywhere in the picture, or, above 1, the picture anywhere in the crop.
        aspect: the crop's width to height lies between 1/aspect and aspect (drawn evenly in its logarithm).
        rotation: largest angle to either side, in degrees.
        perspective: largest tilt k: the picture's opposite edges are magnified by up to (1 + k) to (1 - k).
        photometric: probability that brightness, contrast, saturation, hue and grey are applied.
        brightness: colours are multiplied by a factor within 1 - b and 1 + b.
        contrast: the distance to the picture's mean grey (of other channels, to each one's own mean) is multiplied by a
            factor within 1 - c and 1 + c.
        saturation: the distance to a pixel's own grey is multiplied by a factor within 1 - s and 1 + s.
        hue: largest turn of the hue to either side, in turns (0.5 is the opposite colour).
        gray: probability that the photometric part makes the picture grey.
    """

    flip: Probability = 0.5
    geometric: Probability = 1.0
    scale: tuple[Side, Side] = (0.5, 1.25)
    aspect: Annotated[float, Field(ge=1.0, le=2.0)] = 1.25
    rotation: Annotated[float, Field(ge=0.0, le=180.0)] = 20.0
    perspective: Annotated[float, Field(ge=0.0, le=0.4)] = 0.1
    photometric: Probability = 1.0
    brightness: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.2
    contrast: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.2
    saturation: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.2
    hue: Annotated[float, Field(ge=0.0, le=0.5)] = 0.02
    gray: Probability = 0.0

    def __post_init__(self) -> None:
        low, high = self.scale
        if low > high:
            raise InputError(f"scale must be the smallest and the largest side, but {low:g} is larger than {high:g}")


MILD: Final = AugmentConfig(
    scale=(0.7, 1.0), aspect=1.1, rotation=0.0, perspective=0.0, contrast=0.0, saturation=0.0, hue=0.0
)
"""Flips, crops and brightness alone."""

NO_AUGMENTATION: Final = AugmentConfig(flip=0.0, geometric=0.0, photometric=0.0)
"""Leaves every picture as it is stored."""
