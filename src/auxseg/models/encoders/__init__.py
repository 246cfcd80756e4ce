"""Encoders: from a picture to a pyramid of features."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from auxseg.models.encoders.chain import ChainEncoder, Stage
from auxseg.models.encoders.encoder import Encoder, Pyramid, Staged, as_stages
from auxseg.models.encoders.freezing import freeze, standing_still
from auxseg.models.encoders.low_rank import add_adapters, merge_adapters
from auxseg.models.encoders.residual import ResidualEncoderConfig
from auxseg.models.encoders.segnet import SegNetEncoderConfig
from auxseg.models.encoders.settings import EncoderSettings, LoRAConfig, frozen_by
from auxseg.models.encoders.timm_backbone import TimmEncoderConfig
from auxseg.models.encoders.unet import UNetEncoderConfig
from auxseg.models.encoders.vit import ViTEncoderConfig

EncoderConfig = Annotated[
    ResidualEncoderConfig | SegNetEncoderConfig | UNetEncoderConfig | TimmEncoderConfig | ViTEncoderConfig,
    Field(discriminator="kind"),
]

__all__ = [
    "ChainEncoder",
    "Encoder",
    "EncoderConfig",
    "EncoderSettings",
    "LoRAConfig",
    "Pyramid",
    "ResidualEncoderConfig",
    "SegNetEncoderConfig",
    "Stage",
    "Staged",
    "TimmEncoderConfig",
    "UNetEncoderConfig",
    "ViTEncoderConfig",
    "add_adapters",
    "as_stages",
    "freeze",
    "frozen_by",
    "merge_adapters",
    "standing_still",
]
