"""A decoder of residual blocks, the mirror of the residual encoder: no skips unless asked for.

The blocks are those of He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
https://arxiv.org/abs/1512.03385. A block enlarges by repeating pixels and convolving, not by a transposed 3x3
convolution of stride 2, whose uneven overlap draws a checkerboard: Odena, Dumoulin, Olah, "Deconvolution and
Checkerboard Artifacts", Distill 2016, https://doi.org/10.23915/distill.00003. The number of weights is the same.

Shape legend: ``N`` images, ``C D`` channels, ``h w`` the size at a step.
"""

from __future__ import annotations

from typing import Annotated, Literal, cast, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.config import config
from auxseg.models.decoders.decoder import Decoder
from auxseg.models.encoders.encoder import Encoder, Pyramid
from auxseg.models.initialise import initialise_convolutions
from auxseg.models.layers.blocks import ConvUnit, scaled
from auxseg.models.layers.norms import Norm
from auxseg.models.layers.residual import Unit, residual_units


@final
class UpBlock(nn.Module):
    """Residual units at the coarse size, enlargement, and a convolution to other channels; where asked, a skip."""

    def __init__(
        self, in_channels: int, channels: int, level: int | None, num_units: int, unit: Unit, norm: Norm
    ) -> None:
        super().__init__()
        self.units = residual_units(in_channels, num_units, unit, norm)
        self.convolve = ConvUnit(in_channels, channels, norm)
        self.skip = None if level is None else ConvUnit(level, channels, norm, 1)

    def enter(self, x: Float[Tensor, "N C _ _"], size: torch.Size) -> Float[Tensor, "N C h w"]:
        """Apply the units and enlarge to ``size``, a whole multiple of the size of ``x``."""
        return F.interpolate(self.units(x), size=size, mode="nearest")


@final
class ResidualDecoder(Decoder):
    """Blocks from the coarsest level to the picture's resolution, each halving the channels down to ``base``.

    With ``skips``, every finer level of the pyramid is brought to the decoder's channels by a 1x1 convolution and
    added where the sizes meet, as in LinkNet: Chaurasia, Culurciello, 2017, https://arxiv.org/abs/1707.03718.
    """

    def __init__(self, encoder: Encoder, *, base: int, num_units: int, unit: Unit, skips: bool, norm: Norm) -> None:
        super().__init__()
        finer = {stride: number for number, stride in enumerate(encoder.strides[:-1])} if skips else {}
        channels, stride = encoder.channels[-1], encoder.strides[-1]
        widths, blocks = [channels], list[nn.Module]()
        self.strides: list[int] = []
        while stride > 1:
            stride //= 2 if stride % 2 == 0 else stride
            level = encoder.channels[finer[stride]] if stride in finer else None
            widths.append(max(widths[-1] // 2, base))
            blocks.append(UpBlock(widths[-2], widths[-1], level, num_units, unit, norm))
            self.strides.append(stride)
        self.blocks = nn.ModuleList(blocks)
        self.level_of_stride = {stride: finer[stride] for stride in self.strides if stride in finer}
        self.levels = (*reversed(self.level_of_stride.values()), len(encoder.strides) - 1)
        self.enter_channels, self.step_channels = tuple(widths[:-1]), tuple(widths[1:])
        self.channels = widths[-1]
        initialise_convolutions(self)

    def enter(self, step: int, x: Float[Tensor, "N C _ _"], pyramid: Pyramid) -> Float[Tensor, "N C h w"]:
        """Apply the residual units and enlarge."""
        size = torch.Size([side // self.strides[step] for side in pyramid.input_size])
        return cast(UpBlock, self.blocks[step]).enter(x, size)

    def body(self, step: int, u: Float[Tensor, "N C h w"], pyramid: Pyramid) -> Float[Tensor, "N D h w"]:
        """Convolve, and add the pyramid's level of this size where there is a skip."""
        block = cast(UpBlock, self.blocks[step])
        p = block.convolve(u)
        if block.skip is None:
            return p
        return p + block.skip(pyramid.features[self.level_of_stride[self.strides[step]]])


@config
class ResidualDecoderConfig:
    """Blocks of ``num_units`` residual units of the form ``unit``; ``skips`` adds the pyramid's finer levels.

    ``base`` is the number of channels at the picture's resolution, multiplied by the model's width.
    """

    kind: Literal["residual"] = "residual"
    base: Annotated[int, Field(ge=1, le=4096)] = 16
    num_units: Annotated[int, Field(ge=1, le=64)] = 2
    unit: Unit = "normal"
    skips: bool = False

    def build(self, encoder: Encoder, *, width: float, norm: Norm) -> ResidualDecoder:
        """Build the decoder for this encoder's pyramid."""
        return ResidualDecoder(
            encoder,
            base=scaled(self.base, width),
            num_units=self.num_units,
            unit=self.unit,
            skips=self.skips,
            norm=norm,
        )
