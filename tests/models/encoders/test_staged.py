"""What holds for every encoder that is a chain of stages."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from auxseg.errors import InputError
from auxseg.models.encoders import (
    Encoder,
    EncoderConfig,
    ResidualEncoderConfig,
    SegNetEncoderConfig,
    Staged,
    TimmEncoderConfig,
    UNetEncoderConfig,
    as_stages,
)

STAGED: dict[str, EncoderConfig] = {
    "segnet": SegNetEncoderConfig(),
    "unet": UNetEncoderConfig(channels=(8, 16)),
    "residual": ResidualEncoderConfig(channels=(8, 16, 24)),
    **{
        name: TimmEncoderConfig(name=name)
        for name in (
            "mobilenetv2_050",
            "mobilenetv3_small_050",
            "resnet18",
            "convnext_atto",
            "swin_tiny_patch4_window7_224",
        )
    },
}
OTHERS = ("vit_tiny_patch16_224", "hrnet_w18_small", "selecsls42")


def _build(config: EncoderConfig) -> Encoder:
    width = 0.1 if config.kind == "segnet" else 1.0
    return config.build(width=width, norm="batch", weights="none").eval()


@pytest.fixture(params=STAGED.values(), ids=list(STAGED))
def encoder(request: pytest.FixtureRequest) -> Staged:
    return as_stages(_build(request.param), "this test")


def test_stages_add_up_to_the_encoder(encoder: Staged) -> None:
    image = torch.rand(2, 3, 64, 64)
    levels, leaving, kept = [], [], []
    with torch.no_grad():
        pyramid, x = encoder(image), image
        for stage in range(encoder.num_stages):
            u = encoder.entry(stage, x)
            levels.append(encoder.body(stage, u))
            assert u.shape[1] == encoder.entry_channels[stage]
            assert u.shape[2:] == levels[-1].shape[2:]
            assert levels[-1].shape[2:] == (64 // encoder.strides[stage],) * 2
            x, indices = encoder.down(stage, levels[-1])
            assert x.shape[1] == encoder.channels[stage] == levels[-1].shape[1]
            leaving.append(x)
            kept.append(indices)
        again = encoder.assemble(levels, leaving, kept, image.shape[-2:])
    assert all(torch.equal(one, other) for one, other in zip(pyramid.features, again.features, strict=True))
    assert (again.indices is None) == (pyramid.indices is None)


def test_a_scheme_can_change_what_the_pyramid_ends_with(encoder: Staged) -> None:
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        levels = list(encoder(image).features[: encoder.num_stages])
        leaving = [level + 1 for level in levels]
        last = encoder.assemble(levels, leaving, [None] * len(levels), image.shape[-2:]).features[-1]
    assert torch.equal(last, leaving[-1])


def test_without_stem_the_first_stage_takes_its_entrys_result(encoder: Staged) -> None:
    image = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        u = encoder.entry(0, image)
        expected = encoder.body(0, u)
        before = sum(parameter.numel() for parameter in encoder.parameters())
        first = next(module for module in encoder.modules() if isinstance(module, nn.Conv2d))
        encoder.drop_stem()
        assert torch.equal(encoder.body(0, u), expected)
    assert sum(parameter.numel() for parameter in encoder.parameters()) <= before - first.weight.numel()


@pytest.mark.parametrize("name", OTHERS)
def test_backbones_that_are_no_chain(name: str) -> None:
    encoder = _build(TimmEncoderConfig(name=name))
    with torch.no_grad():
        assert len(encoder(torch.rand(1, 3, 64, 64)).features) == len(encoder.channels)
    with pytest.raises(InputError, match=r"model\.x: .* no chain of stages"):
        as_stages(encoder, "model.x")
