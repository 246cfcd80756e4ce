from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from auxseg.errors import InputError
from auxseg.models import ModelConfig, build_network
from auxseg.models.encoders import Encoder, Pyramid
from auxseg.models.grey import luminance, see_grey
from tests.models.cases import MODELS, SEGMENTATION, THREE_TASKS


def _grey(config: ModelConfig) -> ModelConfig:
    return dataclasses.replace(config, input="grey")


def test_grey_stays_grey() -> None:
    grey = torch.rand(2, 1, 8, 8)
    torch.testing.assert_close(luminance(grey.expand(-1, 3, -1, -1)), grey)
    assert float(luminance(torch.tensor([0.0, 1.0, 0.0]).view(1, 3, 1, 1))) == pytest.approx(0.587)


@pytest.mark.parametrize("name", [name for name, config in MODELS.items() if config.input == "rgb"])
def test_the_same_network_on_grey_pictures(name: str) -> None:
    rgb = build_network(MODELS[name], THREE_TASKS, seed=0).eval()
    grey = build_network(_grey(MODELS[name]), THREE_TASKS, seed=0).eval()
    for network in (rgb, grey):  # the same normalisation of every channel
        network.mean.fill_(0.5)
        network.std.fill_(0.25)
    picture = torch.rand(2, 1, 40, 60).expand(-1, 3, -1, -1)
    with torch.no_grad():
        found, expected = grey(picture)["segmentation"], rgb(picture)["segmentation"]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    shapes = [(tuple(a.shape), tuple(b.shape)) for a, b in zip(rgb.parameters(), grey.parameters(), strict=True)]
    different = [pair for pair in shapes if pair[0] != pair[1]]
    assert different
    assert {(whole[1], summed[1]) for whole, summed in different} == {(3, 1)}


def test_colours_of_one_brightness_look_alike() -> None:
    network = build_network(_grey(MODELS["unet"]), SEGMENTATION, seed=0).eval()
    red = torch.zeros(1, 3, 32, 32)
    red[:, 0] = 0.587
    green = torch.zeros(1, 3, 32, 32)
    green[:, 1] = 0.299
    with torch.no_grad():
        torch.testing.assert_close(network(red)["segmentation"], network(green)["segmentation"])


class _TwoChannels(Encoder):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3)

    def forward(self, image: torch.Tensor) -> Pyramid:
        return Pyramid((self.first(image),), image.shape[-2:])


def test_refuses_an_encoder_of_other_channels() -> None:
    with pytest.raises(InputError, match=r"model\.input: grey .* three channels, and this one's takes 2"):
        see_grey(_TwoChannels())
