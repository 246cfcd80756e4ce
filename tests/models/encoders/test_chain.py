from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from auxseg.models.encoders import ChainEncoder, SegNetEncoderConfig, UNetEncoderConfig


def _segnet() -> ChainEncoder:
    return SegNetEncoderConfig().build(width=0.1, norm="batch", weights="none")


@pytest.mark.parametrize(
    ("config", "channels"),
    [
        (SegNetEncoderConfig(), (64, 128, 256, 512, 512, 512)),
        (UNetEncoderConfig(), (32, 64, 128, 256, 256)),
        (UNetEncoderConfig(channels=(8, 16)), (8, 16, 16)),
    ],
)
def test_says_what_it_gives(config: SegNetEncoderConfig | UNetEncoderConfig, channels: tuple[int, ...]) -> None:
    encoder = config.build(width=1.0, norm="batch", weights="none")
    with torch.no_grad():
        pyramid = encoder(torch.rand(1, 3, 32, 64))
    assert encoder.channels == channels == tuple(level.shape[1] for level in pyramid.features)
    assert encoder.strides == tuple(32 // level.shape[2] for level in pyramid.features)
    assert encoder.strides == tuple(64 // level.shape[3] for level in pyramid.features)
    assert pyramid.input_size == (32, 64)


def test_can_be_driven_stage_by_stage() -> None:
    encoder = _segnet().eval()
    x = image = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        pyramid = encoder(image)
        for stage, expected in zip(encoder.chain(), pyramid.features, strict=False):
            level = stage.body(stage.entry(x))
            assert torch.equal(level, expected)
            x = F.max_pool2d(level, 2)
    assert torch.equal(x, pyramid.features[-1])


def test_indices_say_what_pooling_kept() -> None:
    with torch.no_grad():
        pyramid = _segnet()(torch.rand(2, 3, 32, 32))
    assert pyramid.indices is not None
    assert len(pyramid.indices) == 5
    kept = pyramid.features[-2].flatten(2).gather(2, pyramid.indices[-1].flatten(2))
    assert torch.equal(kept, pyramid.features[-1].flatten(2))
