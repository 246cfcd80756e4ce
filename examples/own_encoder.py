"""An encoder of one's own in one file: depthwise separable convolutions, four levels.

    auxseg data synthesize --out animals.h5 --samples 200 --size 64
    python examples/own_encoder.py animals.h5

Recipes know the encoders of the package only, so this one is trained by a loop of one's own.

Shape legend: ``N`` images, ``C`` channels, ``H W`` the input size.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Literal, final

from jaxtyping import Float
from own_loop import train
from torch import Tensor, nn

import auxseg
from auxseg.config import config
from auxseg.errors import InputError
from auxseg.models import ModelConfig
from auxseg.models.encoders import Encoder
from auxseg.models.encoders.encoder import Pyramid
from auxseg.models.layers.norms import Norm


@final
class SeparableEncoder(Encoder):
    """One level after the other, each at half the size of the one before; the first has the image's own size."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.channels = channels
        self.strides = tuple(2**level for level in range(len(channels)))
        inputs = (3, *channels[:-1])
        self.levels = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, before, 3, stride=min(level + 1, 2), padding=1, groups=before),
                nn.Conv2d(before, after, 1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            )
            for level, (before, after) in enumerate(zip(inputs, channels, strict=True))
        )

    def forward(self, image: Float[Tensor, "N C H W"]) -> Pyramid:
        """All levels, from fine to coarse."""
        features, x = [], image
        for level in self.levels:
            x = level(x)
            features.append(x)
        return Pyramid(tuple(features), image.shape[-2:])


@config
class SeparableEncoderConfig:
    """Settings of `SeparableEncoder`: the ``channels`` of each level."""

    kind: Literal["separable"] = "separable"
    channels: tuple[int, ...] = (16, 32, 64, 96)

    def check(self, *, width: float, weights: str) -> None:
        """Raise `InputError` for pretrained weights, which do not exist."""
        if weights != "none":
            raise InputError(f"model.weights: the separable encoder has no pretrained weights, found {weights}")

    def build(self, *, width: float, norm: Norm, weights: str) -> SeparableEncoder:
        """Make the encoder, its channels multiplied by ``width``."""
        return SeparableEncoder(tuple(round(channels * width) for channels in self.channels))


def model() -> ModelConfig:
    """The model of the preset ``tiny-mtl`` with this encoder."""
    return dataclasses.replace(auxseg.load_recipe("tiny-mtl").model, encoder=SeparableEncoderConfig())


def main(data: str | Path, steps: int = 200) -> float:
    """Train it; returns the IoU on the validation split."""
    return train(data, steps=steps, model=model())


if __name__ == "__main__":
    print(f"IoU on validation: {100 * main(sys.argv[1]):.1f} %")
