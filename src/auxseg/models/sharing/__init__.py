"""Sharing schemes: what tasks have in common."""

from __future__ import annotations

from auxseg.models.sharing.hard import HardSharing, HardSharingConfig
from auxseg.models.sharing.sharing import Builder, Sharing

SharingConfig = HardSharingConfig

__all__ = ["Builder", "HardSharing", "HardSharingConfig", "Sharing", "SharingConfig"]
