"""Small models of every kind, for tests over all of them."""

from __future__ import annotations

from auxseg.models import ModelConfig
from auxseg.models.decoders import SegNetDecoderConfig, UNetDecoderConfig
from auxseg.models.encoders import EncoderConfig, SegNetEncoderConfig, TimmEncoderConfig, UNetEncoderConfig
from auxseg.tasks.task import Dense, Output, Vector

SEGMENTATION: dict[str, Output] = {"segmentation": Dense(2)}
THREE_TASKS: dict[str, Output] = {
    "segmentation": Dense(3),
    "classification": Vector(5),
    "box": Vector(4, grid=2, hidden=8),
}

MODELS: dict[str, ModelConfig] = {
    "segnet": ModelConfig(encoder=SegNetEncoderConfig(), decoder=SegNetDecoderConfig(), width=0.1),
    "segnet group": ModelConfig(encoder=SegNetEncoderConfig(), decoder=SegNetDecoderConfig(), width=0.1, norm="group"),
    "segnet unet": ModelConfig(encoder=SegNetEncoderConfig(), decoder=UNetDecoderConfig(), width=0.1),
    "unet": ModelConfig(encoder=UNetEncoderConfig(), decoder=UNetDecoderConfig(), width=0.25),
    "unet group": ModelConfig(
        encoder=UNetEncoderConfig(channels=(8, 12)), decoder=UNetDecoderConfig(upsample="bilinear"), norm="group"
    ),
    "mobilenet": ModelConfig(
        encoder=TimmEncoderConfig(name="mobilenetv2_050"),
        decoder=UNetDecoderConfig(base=4, limit=16, upsample="transposed"),
    ),
    "mobilenet group": ModelConfig(
        encoder=TimmEncoderConfig(name="mobilenetv2_050"), decoder=UNetDecoderConfig(base=4, limit=16), norm="group"
    ),
    "convnext": ModelConfig(
        encoder=TimmEncoderConfig(name="convnext_atto"),
        decoder=UNetDecoderConfig(base=4, limit=16, upsample="bilinear"),
    ),
    "vit": ModelConfig(
        encoder=TimmEncoderConfig(name="vit_tiny_patch16_224"),
        decoder=UNetDecoderConfig(base=4, limit=16, upsample="transposed"),
    ),
}
"""Every encoder, decoder, way of enlarging and normalisation, at least once in each combination that can work."""

IMPOSSIBLE: dict[str, EncoderConfig] = {
    "unet": UNetEncoderConfig(),
    "timm": TimmEncoderConfig(name="mobilenetv2_050"),
}
"""Encoders that the SegNet decoder has to refuse."""
