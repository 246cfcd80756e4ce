"""SegNet's encoder, which is VGG-16's: thirteen convolutions in five stages, each pooled with its indices kept.

Badrinarayanan, Kendall, Cipolla, "SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image Segmentation",
IEEE TPAMI 2017, https://arxiv.org/abs/1511.00561. Simonyan, Zisserman, "Very Deep Convolutional Networks for
Large-Scale Image Recognition", ICLR 2015, https://arxiv.org/abs/1409.1556.
"""

from __future__ import annotations

from typing import Final, Literal

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.models.encoders.chain import ChainEncoder, Stage
from auxseg.models.encoders.settings import EncoderSettings
from auxseg.models.layers.blocks import scaled
from auxseg.models.layers.norms import Norm
from auxseg.models.vgg16 import load_vgg16

LAYOUT: Final = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Channels and number of convolutions of each stage."""


@config
class SegNetEncoderConfig(EncoderSettings):
    """VGG-16's convolutions, each with a normalisation behind it. Takes ImageNet weights of VGG-16."""

    kind: Literal["segnet"] = "segnet"

    def check(self, *, width: float, weights: str) -> None:
        """Raise `InputError` if weights are wanted for another width than VGG-16's."""
        if weights != "none" and width != 1.0:
            raise InputError(
                f"model.width: the weights of VGG-16 fit only a width of 1.0, found {width}; "
                "set model.width to 1.0 or model.weights to none"
            )

    def build(self, *, width: float, norm: Norm, weights: str) -> ChainEncoder:
        """Build the encoder; ``weights`` is ``none``, ``timm`` or a file with weights of VGG-16."""
        stages, in_channels = [], 3
        for channels, num_units in LAYOUT:
            stages.append(Stage(in_channels, scaled(channels, width), num_units, norm))
            in_channels = scaled(channels, width)
        encoder = ChainEncoder(stages, keep_indices=True)
        if weights != "none":
            encoder.provenance = load_vgg16(encoder, weights)
        return encoder
