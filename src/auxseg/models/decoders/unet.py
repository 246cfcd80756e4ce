"""U-Net's decoder: from the coarsest level up, join each finer level and convolve.

Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015,
https://arxiv.org/abs/1505.04597. Where a pyramid has no level as fine as the picture (most backbones start at a stride
of 2 or 4), further steps without a level to join lead up to it.

Shape legend: ``N`` images, ``C D`` channels, ``H W`` the input size, ``h w`` the size of a level.
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

Upsampling = Literal["nearest", "bilinear", "transposed"]


@final
class Upsample(nn.Module):
    """Enlarge by a whole factor, onto exactly the size asked for."""

    def __init__(self, channels: int, factor: int, mode: Upsampling) -> None:
        super().__init__()
        self.mode = "bilinear" if mode == "bilinear" else "nearest"
        self.learned = nn.ConvTranspose2d(channels, channels, factor, factor) if mode == "transposed" else nn.Identity()

    def forward(self, x: Float[Tensor, "N C _ _"], size: torch.Size) -> Float[Tensor, "N C h w"]:
        """Enlarge ``x`` to ``size``."""
        return F.interpolate(self.learned(x), size=size, mode=self.mode)


@final
class JoiningStep(nn.Module):
    """Up to the next finer level, which is joined, then two convolution units."""

    def __init__(self, in_channels: int, level: int, channels: int, factor: int, mode: Upsampling, norm: Norm) -> None:
        super().__init__()
        self.upsample = Upsample(in_channels, factor, mode) if factor > 1 else None
        self.convolve = nn.Sequential(ConvUnit(in_channels + level, channels, norm), ConvUnit(channels, channels, norm))

    def enter(self, x: Float[Tensor, "N C _ _"], level: Float[Tensor, "N _ h w"]) -> Float[Tensor, "N _ h w"]:
        """Join ``level`` to ``x``, which is as large or smaller."""
        if self.upsample is not None:
            x = self.upsample(x, level.shape[-2:])
        return torch.cat([x, level], 1)


@final
class FreeStep(nn.Module):
    """Up without a level to join. The channels shrink before the enlargement, where convolving is cheap."""

    def __init__(self, in_channels: int, channels: int, factor: int, mode: Upsampling, norm: Norm) -> None:
        super().__init__()
        self.shrink = ConvUnit(in_channels, channels, norm)
        self.upsample = Upsample(channels, factor, mode)
        self.convolve = ConvUnit(channels, channels, norm)

    def enter(self, x: Float[Tensor, "N C _ _"], size: torch.Size) -> Float[Tensor, "N D h w"]:
        """Enlarge ``x`` to ``size``, a whole multiple of its own."""
        return self.upsample(self.shrink(x), size)


@final
class UNetDecoder(Decoder):
    """Steps from the coarsest level to the picture's own resolution.

    A step that arrives at a stride of s input pixels has ``min(base * s, limit)`` channels. Levels that repeat a
    stride (those of a plain vision transformer) are joined without enlarging.
    """

    def __init__(self, encoder: Encoder, *, base: int, limit: int, upsample: Upsampling, norm: Norm) -> None:
        super().__init__()
        in_channels, stride = encoder.channels[-1], encoder.strides[-1]
        joining: list[nn.Module] = []
        widths: list[tuple[int, int]] = []
        for level, finer in zip(encoder.channels[-2::-1], encoder.strides[-2::-1], strict=True):
            channels = min(base * finer, limit)
            joining.append(JoiningStep(in_channels, level, channels, stride // finer, upsample, norm))
            widths.append((in_channels + level, channels))
            in_channels, stride = channels, finer
        free: list[nn.Module] = []
        self.free_strides: list[int] = []
        while stride > 1:
            factor = 2 if stride % 2 == 0 else stride
            stride //= factor
            channels = min(base * stride, limit)
            free.append(FreeStep(in_channels, channels, factor, upsample, norm))
            self.free_strides.append(stride)
            widths.append((channels, channels))
            in_channels = channels
        self.joining = nn.ModuleList(joining)
        self.free = nn.ModuleList(free)
        self.enter_channels = tuple(entered for entered, _ in widths)
        self.step_channels = tuple(channels for _, channels in widths)
        self.channels = in_channels
        self.levels = tuple(range(len(encoder.channels)))
        initialise_convolutions(self)

    def enter(self, step: int, x: Float[Tensor, "N _ _ _"], pyramid: Pyramid) -> Float[Tensor, "N C h w"]:
        """Enlarge, and join the pyramid's next finer level if there is one."""
        free = step - len(self.joining)
        if free < 0:
            return cast(JoiningStep, self.joining[step]).enter(x, pyramid.features[-2 - step])
        size = torch.Size([side // self.free_strides[free] for side in pyramid.input_size])
        return cast(FreeStep, self.free[free]).enter(x, size)

    def body(self, step: int, u: Float[Tensor, "N C h w"], pyramid: Pyramid) -> Float[Tensor, "N D h w"]:
        """Convolve."""
        return cast(JoiningStep | FreeStep, [*self.joining, *self.free][step]).convolve(u)


@config
class UNetDecoderConfig:
    """U-Net's decoder. ``base`` is the number of channels at the picture's resolution, doubled at each halving of the
    resolution up to ``limit``; both are multiplied by the model's width. ``upsample`` says how levels are enlarged.
    """

    kind: Literal["unet"] = "unet"
    base: Annotated[int, Field(ge=1, le=4096)] = 16
    limit: Annotated[int, Field(ge=1, le=65536)] = 256
    upsample: Upsampling = "nearest"

    def build(self, encoder: Encoder, *, width: float, norm: Norm) -> UNetDecoder:
        """Build the decoder for this encoder's pyramid."""
        base, limit = scaled(self.base, width), scaled(self.limit, width)
        return UNetDecoder(encoder, base=base, limit=limit, upsample=self.upsample, norm=norm)
