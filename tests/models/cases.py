"""Small models of every kind, for tests over all of them."""

from __future__ import annotations

import dataclasses

from auxseg.models import ModelConfig
from auxseg.models.decoders import ResidualDecoderConfig, SegNetDecoderConfig, UNetDecoderConfig
from auxseg.models.encoders import (
    EncoderConfig,
    ResidualEncoderConfig,
    SegNetEncoderConfig,
    TimmEncoderConfig,
    UNetEncoderConfig,
    ViTEncoderConfig,
)
from auxseg.models.sharing import CrossStitchConfig, HardSharingConfig, MTANConfig, TwoStageConfig
from auxseg.tasks.task import Dense, Output
from auxseg.testing.sharing import OUTPUTS

SEGMENTATION: dict[str, Output] = {"segmentation": Dense(2)}
THREE_TASKS = OUTPUTS

MODELS: dict[str, ModelConfig] = {
    "segnet": ModelConfig(encoder=SegNetEncoderConfig(), decoder=SegNetDecoderConfig(), width=0.1),
    "segnet group": ModelConfig(encoder=SegNetEncoderConfig(), decoder=SegNetDecoderConfig(), width=0.1, norm="group"),
    "segnet unet": ModelConfig(encoder=SegNetEncoderConfig(), decoder=UNetDecoderConfig(), width=0.1),
    "unet": ModelConfig(encoder=UNetEncoderConfig(), decoder=UNetDecoderConfig(), width=0.25),
    "unet group": ModelConfig(
        encoder=UNetEncoderConfig(channels=(8, 12)), decoder=UNetDecoderConfig(upsample="bilinear"), norm="group"
    ),
    "unet shared decoder": ModelConfig(
        encoder=UNetEncoderConfig(),
        decoder=UNetDecoderConfig(),
        width=0.25,
        sharing=HardSharingConfig(decoder="shared"),
    ),
    "mobilenet": ModelConfig(
        encoder=TimmEncoderConfig(name="mobilenetv2_050"),
        decoder=UNetDecoderConfig(base=4, limit=16, upsample="transposed"),
    ),
    "mobilenet group": ModelConfig(
        encoder=TimmEncoderConfig(name="mobilenetv2_050"), decoder=UNetDecoderConfig(base=4, limit=16), norm="group"
    ),
    "convnext": ModelConfig(
        encoder=TimmEncoderConfig(name="test_convnext"),
        decoder=UNetDecoderConfig(base=4, limit=16, upsample="bilinear"),
    ),
    "vit": ModelConfig(
        encoder=TimmEncoderConfig(name="test_vit"),
        decoder=UNetDecoderConfig(base=4, limit=16, upsample="transposed"),
    ),
    "vit dpt": ModelConfig(
        encoder=ViTEncoderConfig(name="test_vit", channels=8), decoder=UNetDecoderConfig(base=4, limit=16)
    ),
    "vit simple": ModelConfig(
        encoder=ViTEncoderConfig(name="test_vit", channels=8, pyramid="simple"),
        decoder=ResidualDecoderConfig(base=8, num_units=1, skips=True),
        norm="group",
    ),
    "residual": ModelConfig(
        encoder=ResidualEncoderConfig(channels=(8, 8, 16, 16)), decoder=ResidualDecoderConfig(base=8)
    ),
    "residual bottleneck": ModelConfig(
        encoder=ResidualEncoderConfig(channels=(8, 16, 24), num_units=1, unit="bottleneck"),
        decoder=ResidualDecoderConfig(base=8, num_units=1, unit="bottleneck", skips=True),
        norm="group",
    ),
    "residual unet": ModelConfig(
        encoder=ResidualEncoderConfig(channels=(8, 8, 16)), decoder=UNetDecoderConfig(base=4, limit=16)
    ),
    "unet residual": ModelConfig(
        encoder=UNetEncoderConfig(channels=(8, 12)), decoder=ResidualDecoderConfig(base=8, skips=True)
    ),
    "mobilenet residual": ModelConfig(
        encoder=TimmEncoderConfig(name="mobilenetv2_050"), decoder=ResidualDecoderConfig(base=8, num_units=1)
    ),
    "unet grey": ModelConfig(encoder=UNetEncoderConfig(channels=(8, 12)), decoder=UNetDecoderConfig(), input="grey"),
}
SCHEMES = {
    "mtan": MTANConfig(),
    "mtan encoder-decoder": MTANConfig(attention="encoder-decoder"),
    "cross-stitch": CrossStitchConfig(),
    "cross-stitch stem": CrossStitchConfig(matrix="channel", stem="shared"),
}
STAGED = ("segnet", "segnet unet", "unet group", "mobilenet", "convnext", "residual", "residual bottleneck")
MODELS |= {
    f"{name} {scheme}": dataclasses.replace(MODELS[name], sharing=sharing)
    for name in STAGED
    for scheme, sharing in SCHEMES.items()
}
MODELS |= {
    f"{name} two-stage": dataclasses.replace(MODELS[name], sharing=sharing)
    for name, sharing in {
        "segnet": TwoStageConfig(decoders="each"),
        "unet grey": TwoStageConfig(),
        "residual bottleneck": TwoStageConfig(decoders="each"),
        "vit": TwoStageConfig(),
    }.items()
}
"""Every encoder, decoder, way of enlarging and normalisation, at least once in each combination that can work, and
those that are chains of stages under every scheme.
"""

IMPOSSIBLE: dict[str, EncoderConfig] = {
    "unet": UNetEncoderConfig(),
    "timm": TimmEncoderConfig(name="mobilenetv2_050"),
}
"""Encoders that the SegNet decoder has to refuse."""
