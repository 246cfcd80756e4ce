from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from auxseg.errors import InputError
from auxseg.models.encoders import ResidualEncoderConfig
from auxseg.models.layers.residual import ResidualUnit


def test_says_what_it_gives() -> None:
    encoder = ResidualEncoderConfig().build(width=1.0, norm="batch", weights="none")
    with torch.no_grad():
        pyramid = encoder(torch.rand(2, 3, 64, 128))
    assert encoder.channels == (32, 64, 128, 256, 512, 512) == tuple(level.shape[1] for level in pyramid.features)
    assert encoder.strides == (2, 4, 8, 16, 32, 64) == tuple(64 // level.shape[2] for level in pyramid.features)
    assert pyramid.indices is None


@pytest.mark.parametrize("num_units", [1, 2, 3])
def test_can_be_driven_stage_by_stage(num_units: int) -> None:
    config = ResidualEncoderConfig(channels=(8, 8, 16), num_units=num_units)
    encoder = config.build(width=1.0, norm="batch", weights="none").eval()
    x = image = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        pyramid = encoder(image)
        for stage in range(encoder.num_stages):
            u = encoder.entry(stage, x)
            level = encoder.body(stage, u)
            assert u.shape[1:] == (encoder.entry_channels[stage], *level.shape[2:])
            assert torch.equal(level, pyramid.features[stage])
            x = F.max_pool2d(level, 2)
    assert torch.equal(x, pyramid.features[-1])
    units = [module for module in encoder.modules() if isinstance(module, ResidualUnit)]
    assert len(units) == num_units * encoder.num_stages


def test_has_no_pretrained_weights() -> None:
    with pytest.raises(InputError, match=r"model\.weights: the residual encoder has no pretrained weights.*found timm"):
        ResidualEncoderConfig().check(width=1.0, weights="timm")
