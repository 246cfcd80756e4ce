"""Joint augmentation of image, mask and box: one homography and one colour transform per sample, drawn by key."""

from __future__ import annotations

from auxseg.data.augment.config import MILD, NO_AUGMENTATION, AugmentConfig
from auxseg.data.augment.crop import CropConfig, can_show, draw_cut
from auxseg.data.augment.geometric import mirror
from auxseg.data.augment.pipeline import augment, vary_colours

__all__ = [
    "MILD",
    "NO_AUGMENTATION",
    "AugmentConfig",
    "CropConfig",
    "augment",
    "can_show",
    "draw_cut",
    "mirror",
    "vary_colours",
]
