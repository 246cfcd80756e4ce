"""A deep, narrow encoder of residual blocks, halving the resolution six times.

The blocks are those of He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
https://arxiv.org/abs/1512.03385. Unlike ResNet, the channels grow after the units of a block, not before.

Shape legend: ``N`` images, ``C D`` channels, ``h w`` the size at a stage.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated, Literal, final

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.models.encoders.encoder import Staged
from auxseg.models.encoders.settings import EncoderSettings
from auxseg.models.initialise import initialise_convolutions
from auxseg.models.layers.blocks import ConvUnit, scaled
from auxseg.models.layers.norms import Norm
from auxseg.models.layers.residual import ResidualUnit, Unit, residual_units


@final
class ResidualEncoder(Staged):
    """A 3x3 stem of stride 2, then blocks: residual units, a convolution to more channels, a 2x2 max-pooling.

    ``widths`` are the channels that the stem and each block give. The entry of the first stage is the stem, that of
    any other its first unit. The pyramid holds what each block gives before its pooling, at strides 2, 4, 8 ..., and at
    last what the last pooling gives.
    """

    def __init__(self, widths: Sequence[int], *, num_units: int, unit: Unit, norm: Norm) -> None:
        super().__init__()
        stem = ConvUnit(3, widths[0], norm, stride=2)
        entries: list[nn.Module] = []
        bodies: list[nn.Module] = []
        for stage, (narrow, wide) in enumerate(itertools.pairwise(widths)):
            entries.append(ResidualUnit(narrow, unit, norm) if stage else stem)
            rest = residual_units(narrow, num_units - (stage > 0), unit, norm)
            bodies.append(nn.Sequential(rest, ConvUnit(narrow, wide, norm)))
        self.entries, self.bodies = nn.ModuleList(entries), nn.ModuleList(bodies)
        self.num_stages = len(bodies)
        self.entry_channels = tuple(widths[:-1])
        self.channels = (*widths[1:], widths[-1])
        self.strides = tuple(2 ** (level + 1) for level in range(len(widths)))
        initialise_convolutions(self)

    def entry(self, stage: int, x: Float[Tensor, "N _ _ _"]) -> Float[Tensor, "N C h w"]:
        """The stem, or the stage's first residual unit."""
        return self.entries[stage](x)

    def body(self, stage: int, u: Float[Tensor, "N C h w"]) -> Float[Tensor, "N D h w"]:
        """The stage's other residual units, and the convolution to more channels."""
        return self.bodies[stage](u)

    def down(self, stage: int, p: Float[Tensor, "N C h w"]) -> tuple[Float[Tensor, "N C _ _"], None]:
        """A 2x2 max-pooling, whose indices are not kept."""
        return F.max_pool2d(p, 2), None

    def modules_of(self, stage: int) -> list[nn.Module]:
        """The stem or first unit, and the rest."""
        return [self.entries[stage], self.bodies[stage]]

    def drop_stem(self) -> None:
        """Give up the stem."""
        self.entries[0] = nn.Identity()


@config
class ResidualEncoderConfig(EncoderSettings):
    """``channels`` of the stem and of each block; a block has ``num_units`` residual units of the form ``unit``."""

    kind: Literal["residual"] = "residual"
    channels: Annotated[tuple[Annotated[int, Field(ge=1, le=8192)], ...], Field(min_length=2, max_length=8)] = (
        16,
        32,
        64,
        128,
        256,
        512,
    )
    num_units: Annotated[int, Field(ge=1, le=64)] = 2
    unit: Unit = "normal"

    def check(self, *, width: float, weights: str) -> None:
        """Raise `InputError` if pretrained weights are wanted: nobody has published any."""
        if weights != "none":
            raise InputError(
                f"model.weights: the residual encoder has no pretrained weights, expected none, found {weights}"
            )

    def build(self, *, width: float, norm: Norm, weights: str) -> ResidualEncoder:
        """Build the encoder from random weights, which are the only ones."""
        widths = [scaled(channels, width) for channels in self.channels]
        return ResidualEncoder(widths, num_units=self.num_units, unit=self.unit, norm=norm)
