"""Encoders: from a picture to a pyramid of features."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from auxseg.models.encoders.chain import ChainEncoder, Stage
from auxseg.models.encoders.encoder import Encoder, Pyramid
from auxseg.models.encoders.segnet import SegNetEncoderConfig
from auxseg.models.encoders.timm_backbone import TimmEncoderConfig
from auxseg.models.encoders.unet import UNetEncoderConfig

EncoderConfig = Annotated[
    SegNetEncoderConfig | UNetEncoderConfig | TimmEncoderConfig,
    Field(discriminator="kind"),
]

__all__ = [
    "ChainEncoder",
    "Encoder",
    "EncoderConfig",
    "Pyramid",
    "SegNetEncoderConfig",
    "Stage",
    "TimmEncoderConfig",
    "UNetEncoderConfig",
]
