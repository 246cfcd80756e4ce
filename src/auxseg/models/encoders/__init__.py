"""Encoders: from a picture to a pyramid of features."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from auxseg.models.encoders.chain import ChainEncoder, Stage
from auxseg.models.encoders.encoder import Encoder, Pyramid, Staged, as_stages
from auxseg.models.encoders.residual import ResidualEncoderConfig
from auxseg.models.encoders.segnet import SegNetEncoderConfig
from auxseg.models.encoders.timm_backbone import TimmEncoderConfig
from auxseg.models.encoders.unet import UNetEncoderConfig

EncoderConfig = Annotated[
    ResidualEncoderConfig | SegNetEncoderConfig | UNetEncoderConfig | TimmEncoderConfig,
    Field(discriminator="kind"),
]

__all__ = [
    "ChainEncoder",
    "Encoder",
    "EncoderConfig",
    "Pyramid",
    "ResidualEncoderConfig",
    "SegNetEncoderConfig",
    "Stage",
    "Staged",
    "TimmEncoderConfig",
    "UNetEncoderConfig",
    "as_stages",
]
