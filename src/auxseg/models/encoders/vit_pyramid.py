"""A pyramid of four strides out of the features of a plain vision transformer, which all have one stride.

``simple`` makes every level of the last features: the simple feature pyramid of Li, Mao, Girshick, He, "Exploring Plain
Vision Transformer Backbones for Object Detection", ECCV 2022, https://arxiv.org/abs/2203.16527. ``dpt`` makes the
finest level of the earliest features and the coarsest of the last: the reassembling of Ranftl, Bochkovskiy, Koltun,
"Vision Transformers for Dense Prediction", ICCV 2021, https://arxiv.org/abs/2103.13413.

Departures: both bring features to the pyramid's channels before they are resized, which is cheap, and all levels have
the same number of them; the normalisation and ReLU behind it are those of our other encoders. What DPT fuses levels
with is a decoder's work here.

Shape legend: ``N`` images, ``C D`` channels, ``h w`` the size of the transformer's grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, final

from jaxtyping import Float
from torch import Tensor, nn

from auxseg.models.initialise import initialise_convolutions
from auxseg.models.layers.blocks import ConvUnit
from auxseg.models.layers.norms import Norm

PyramidKind = Literal["dpt", "simple"]
NUM_LEVELS: Final = 4
"""At a quarter, half, once and twice the transformer's own stride."""


@final
class ViTPyramid(nn.Module):
    """Levels at four times, twice, once and half the grid's resolution, of ``channels`` channels each.

    It is given features of `NUM_LEVELS` blocks, early to late, or of the last alone, which is then read by all levels.
    """

    def __init__(self, in_channels: int, channels: int, norm: Norm) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Sequential(ConvUnit(in_channels, channels, norm, 1), resize, ConvUnit(channels, channels, norm))
            for resize in (
                nn.ConvTranspose2d(channels, channels, 4, 4),
                nn.ConvTranspose2d(channels, channels, 2, 2),
                nn.Identity(),
                nn.Conv2d(channels, channels, 3, 2, padding=1),
            )
        )
        initialise_convolutions(self)

    def forward(self, features: Sequence[Float[Tensor, "N C h w"]]) -> tuple[Float[Tensor, "N D _ _"], ...]:
        """The levels, fine to coarse."""
        given = list(features) * (NUM_LEVELS // len(features))
        return tuple(level(each) for level, each in zip(self.levels, given, strict=True))
