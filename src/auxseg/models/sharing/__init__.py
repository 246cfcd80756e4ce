"""Sharing schemes: what tasks have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from auxseg.models.sharing.cross_stitch import CrossStitch, CrossStitchConfig
from auxseg.models.sharing.hard import HardSharing, HardSharingConfig
from auxseg.models.sharing.mtan import MTAN, MTANConfig
from auxseg.models.sharing.sharing import Builder, Scheme, Sharing
from auxseg.models.sharing.two_stage import TwoStageConfig, TwoStageSharing

SharingConfig = Annotated[
    CrossStitchConfig | HardSharingConfig | MTANConfig | TwoStageConfig, Field(discriminator="kind")
]

__all__ = [
    "MTAN",
    "Builder",
    "CrossStitch",
    "CrossStitchConfig",
    "HardSharing",
    "HardSharingConfig",
    "MTANConfig",
    "Scheme",
    "Sharing",
    "SharingConfig",
    "TwoStageConfig",
    "TwoStageSharing",
]
