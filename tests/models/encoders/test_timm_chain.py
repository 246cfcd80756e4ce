"""Backbones of timm are cut after every level of their pyramid, or said to be no chain."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import timm
import torch
from torch import nn

from auxseg.models.encoders.timm_chain import TimmChain, cut, describe, gives_channels_last
from auxseg.models.initialise import Undrawn


def _outlined(name: str) -> Any:
    """A backbone of timm without weights."""
    with torch.device("meta"), Undrawn():
        return timm.create_model(name, features_only=True)


class _Backbone(nn.ModuleDict):
    """What timm's pyramids of modules have: an order, where levels end, and what they say of themselves."""

    def __init__(self, *, ends: tuple[str, ...] = ("b", "d"), concat: bool = False, architecture: str = "net") -> None:
        super().__init__({name: nn.Conv2d(2, 2, 1, bias=False) for name in "abcde"})
        for number, layer in enumerate(self.values(), start=2):
            nn.init.constant_(layer.get_parameter("weight"), 0.1 * number)
        self.return_layers = dict.fromkeys(ends, 0)
        self.concat = concat
        self.pretrained_cfg = {"mean": (0.1, 0.2), "std": (0.3, 0.4), "architecture": architecture}
        self.feature_info = SimpleNamespace(channels=lambda: [2] * len(ends), reduction=lambda: [1] * len(ends))


def test_a_stage_ends_where_the_pyramid_takes_a_level_and_what_follows_the_last_is_left_out() -> None:
    assert cut(_Backbone()) == [["a", "b"], ["c", "d"]]
    assert cut(_Backbone(ends=("a",))) == [["a"]]
    assert cut(_Backbone(ends=("e", "a"))) == [["a"], ["b", "c", "d", "e"]]


@pytest.mark.parametrize("settings", [{"concat": True}, {"architecture": "selecsls42b"}])
def test_modules_that_hand_several_tensors_on_are_no_chain(settings: dict[str, Any]) -> None:
    assert cut(_Backbone(**settings)) is None


def test_a_module_that_says_nothing_of_levels_is_no_chain() -> None:
    assert cut(nn.Sequential(nn.Conv2d(3, 3, 1))) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet18", [["conv1", "bn1", "act1"], ["maxpool", "layer1"], ["layer2"], ["layer3"], ["layer4"]]),
        ("convnext_atto", [["stem_0", "stem_1", "stages_0"], ["stages_1"], ["stages_2"], ["stages_3"]]),
        (
            "mobilenetv2_050",
            [
                ["conv_stem", "bn1", "blocks.0"],
                ["blocks.1"],
                ["blocks.2"],
                ["blocks.3", "blocks.4"],
                ["blocks.5", "blocks.6"],
            ],
        ),
    ],
)
def test_stages_of_well_known_backbones(name: str, expected: list[list[str]]) -> None:
    backbone = _outlined(name)
    assert cut(backbone) == expected
    assert len(expected) == len(backbone.feature_info.channels())


def test_features_at_the_end_or_in_front() -> None:
    assert not gives_channels_last(SimpleNamespace())
    assert not gives_channels_last(SimpleNamespace(output_fmt="NCHW"))
    assert gives_channels_last(SimpleNamespace(output_fmt="NHWC"))


def test_an_encoder_says_what_timm_says_of_the_backbone() -> None:
    encoder: Any = SimpleNamespace()
    describe(encoder, _outlined("mobilenetv2_050"))
    assert encoder.channels == (8, 16, 16, 48, 160)
    assert encoder.strides == (2, 4, 8, 16, 32)
    assert (encoder.mean, encoder.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_stages_run_their_modules_in_order() -> None:
    backbone = _Backbone()
    chain = TimmChain(backbone, [["a", "b"], ["c", "d"]])
    x = torch.rand(1, 2, 3, 3)
    first = backbone["b"](backbone["a"](x))
    levels = chain(x).features
    assert torch.equal(levels[0], first)
    assert torch.equal(levels[1], backbone["d"](backbone["c"](first)))
    assert chain.num_stages == 2
    assert chain.entry_channels == chain.channels == (2, 2)
    assert (chain.mean, chain.std) == ((0.1, 0.2), (0.3, 0.4))


def test_the_body_and_the_way_down_change_nothing() -> None:
    chain = TimmChain(_Backbone(), [["a", "b"], ["c", "d"]])
    u = torch.rand(1, 2, 3, 3)
    assert chain.body(0, u) is u
    assert chain.down(0, u) == (u, None)


def test_layouts_are_turned_back_behind_every_stage() -> None:
    """The modules of such a backbone see channels at the end; whoever drives the stages never does."""
    seen: list[tuple[int, ...]] = []

    class Last(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(tuple(x.shape))
            return x if x.shape[-1] == 2 else x.permute(0, 2, 3, 1)

    backbone: Any = _Backbone()
    backbone.output_fmt = "NHWC"
    for name in "abcd":
        backbone[name] = Last()
    chain = TimmChain(backbone, [["a", "b"], ["c", "d"]])
    image = torch.rand(1, 2, 4, 5)
    assert [torch.equal(level, image) for level in chain(image).features] == [True, True]
    assert seen == [(1, 2, 4, 5), (1, 4, 5, 2), (1, 4, 5, 2), (1, 4, 5, 2)]


def test_a_stage_names_its_modules_and_a_dropped_stem_is_gone() -> None:
    backbone = _Backbone()
    chain = TimmChain(backbone, [["a", "b"], ["c", "d"]])
    assert chain.modules_of(1) == [backbone["c"], backbone["d"]]
    second = chain.modules_of(1)
    chain.drop_stem()
    assert all(isinstance(module, nn.Identity) for module in chain.modules_of(0))
    assert chain.modules_of(1) == second
    x = torch.rand(1, 2, 3, 3)
    assert torch.equal(chain.entry(0, x), x)
