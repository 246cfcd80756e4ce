"""U-Net's encoder: two convolutions at each resolution, pooled in between.

Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015,
https://arxiv.org/abs/1505.04597. Ours is narrower, padded and normalised, and sees the first stage through 7x7 kernels.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.models.encoders.chain import ChainEncoder, Stage
from auxseg.models.encoders.settings import EncoderSettings
from auxseg.models.layers.blocks import scaled
from auxseg.models.layers.norms import Norm


@config
class UNetEncoderConfig(EncoderSettings):
    """Two convolution units per stage, of so many ``channels``.

    ``first_kernel`` is the kernel size of the first stage, 3 that of the others.
    """

    kind: Literal["unet"] = "unet"
    channels: Annotated[tuple[Annotated[int, Field(ge=1, le=8192)], ...], Field(min_length=1, max_length=7)] = (
        32,
        64,
        128,
        256,
    )
    first_kernel: Literal[3, 5, 7] = 7

    def check(self, *, width: float, weights: str) -> None:
        """Raise `InputError` if pretrained weights are wanted: nobody has published any."""
        if weights != "none":
            raise InputError(
                f"model.weights: the unet encoder has no pretrained weights, expected none, found {weights}"
            )

    def build(self, *, width: float, norm: Norm, weights: str) -> ChainEncoder:
        """Build the encoder from random weights, which are the only ones."""
        stages, in_channels = [], 3
        for index, channels in enumerate(self.channels):
            kernel_size = 3 if index else self.first_kernel
            stages.append(Stage(in_channels, scaled(channels, width), 2, norm, kernel_size))
            in_channels = scaled(channels, width)
        return ChainEncoder(stages, keep_indices=False)
