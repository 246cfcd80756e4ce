"""Decoders: from a pyramid of features to features at the picture's resolution."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from auxseg.models.decoders.decoder import Decoder
from auxseg.models.decoders.residual import ResidualDecoder, ResidualDecoderConfig
from auxseg.models.decoders.segnet import SegNetDecoder, SegNetDecoderConfig
from auxseg.models.decoders.unet import UNetDecoder, UNetDecoderConfig

DecoderConfig = Annotated[ResidualDecoderConfig | SegNetDecoderConfig | UNetDecoderConfig, Field(discriminator="kind")]

__all__ = [
    "Decoder",
    "DecoderConfig",
    "ResidualDecoder",
    "ResidualDecoderConfig",
    "SegNetDecoder",
    "SegNetDecoderConfig",
    "UNetDecoder",
    "UNetDecoderConfig",
]
