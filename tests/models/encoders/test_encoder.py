"""What an encoder says of itself, and what holds for every one that is a chain of stages."""

from __future__ import annotations

from typing import final

import pytest
import torch
from jaxtyping import Float
from torch import Tensor, nn

from auxseg.errors import InputError
from auxseg.models.encoders import (
    Encoder,
    EncoderConfig,
    Pyramid,
    ResidualEncoderConfig,
    SegNetEncoderConfig,
    Staged,
    TimmEncoderConfig,
    UNetEncoderConfig,
    as_stages,
)
from auxseg.models.encoders.encoder import IMAGENET_MEAN, IMAGENET_STD

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
    with pytest.raises(InputError, match=r"model\.x: .* a chain of stages"):
        as_stages(encoder, "model.x")


@final
class _Chain(Staged):
    """Two stages that multiply by 2 and by 3; a stage leaves its level less one, and maybe which pixels it kept."""

    def __init__(self, num_levels: int = 2, *, tells: bool = False) -> None:
        super().__init__()
        self.num_stages, self.tells = 2, tells
        self.entry_channels, self.channels = (1, 1), (1,) * num_levels
        self.strides = (1,) * num_levels
        self.dropout = nn.Dropout(0.5)
        self.factors = nn.ParameterList(torch.tensor(factor) for factor in (2.0, 3.0))
        self.entered: list[int] = []

    def entry(self, stage: int, x: Float[Tensor, "N _ _ _"]) -> Float[Tensor, "N C h w"]:
        self.entered.append(stage)
        return x * self.factors[stage]

    def body(self, stage: int, u: Float[Tensor, "N C h w"]) -> Float[Tensor, "N D h w"]:
        return self.dropout(u) + 1

    def down(self, stage: int, p: Float[Tensor, "N C h w"]) -> tuple[Tensor, Tensor | None]:
        return p - 1, torch.full(p.shape, stage) if self.tells else None

    def modules_of(self, stage: int) -> list[nn.Module]:
        return []

    def drop_stem(self) -> None:
        raise NotImplementedError


def _values(pyramid: Pyramid) -> list[float]:
    return [level.flatten()[0].item() for level in pyramid.features]


def test_levels_and_what_leaves_the_last_stage_are_the_pyramid() -> None:
    pyramid = _Chain(3, tells=True).eval()(torch.ones(1, 1, 4, 6))
    assert _values(pyramid) == [2 + 1, 2 * 3 + 1, 2 * 3]
    assert pyramid.input_size == (4, 6)
    assert pyramid.indices is not None
    assert [int(indices.max()) for indices in pyramid.indices] == [0, 1]


def test_where_every_level_is_a_stages_what_leaves_it_stands_for_it() -> None:
    pyramid = _Chain(2, tells=True).eval()(torch.ones(1, 1, 4, 6))
    assert _values(pyramid) == [2, 2 * 3]
    assert pyramid.indices is None


def test_an_encoder_that_does_not_say_what_it_kept_has_no_indices() -> None:
    assert _Chain(3).eval()(torch.ones(1, 1, 4, 6)).indices is None


def test_stages_that_are_computed_again_give_the_same_bits() -> None:
    found = []
    for checkpointing in (False, True):
        encoder = _Chain(3).train()
        encoder.checkpointing = checkpointing
        torch.manual_seed(1)
        last = encoder(torch.ones(1, 1, 4, 6)).features[-1]
        last.square().sum().backward()
        found.append((last.detach(), [factor.grad for factor in encoder.factors], encoder.entered))
    (plain, gradients, once), (again, gradients_again, twice) = found
    assert torch.equal(plain, again)
    assert gradients == gradients_again
    assert (once, sorted(twice)) == ([0, 1], [0, 0, 1, 1])


def test_statistics_are_those_that_torchvision_documents_unless_an_encoder_says_otherwise() -> None:
    encoder = _Chain()
    assert encoder.mean == IMAGENET_MEAN == (0.485, 0.456, 0.406)
    assert encoder.std == IMAGENET_STD == (0.229, 0.224, 0.225)
    assert (encoder.provenance, encoder.image_size, encoder.checkpointing) == ("random", None, False)


def test_a_chain_is_handed_on_as_it_is() -> None:
    encoder = _Chain()
    assert as_stages(encoder, "model.x") is encoder
