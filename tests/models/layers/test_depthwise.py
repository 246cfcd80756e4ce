"""Strided depthwise convolutions in float32, and equal steps for all layers."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from auxseg.models.initialise import equalise_step_sizes
from auxseg.models.layers.depthwise import StridedDepthwise, avoid_slow_depthwise


def _network() -> nn.Sequential:
    depthwise = nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8, bias=False)
    return nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), depthwise, nn.BatchNorm2d(8), nn.ReLU())


def test_only_strided_depthwise_convolutions_are_replaced() -> None:
    network = _network()
    replaced = copy.deepcopy(network)
    avoid_slow_depthwise(replaced)
    assert [type(layer) for layer in replaced[:3]] == [nn.Conv2d, nn.BatchNorm2d, StridedDepthwise]
    replaced.load_state_dict(network.state_dict())
    image = torch.randn(2, 3, 21, 17)
    torch.testing.assert_close(replaced(image), network(image))


def test_replaced_ones_compute_in_float32_under_autocast() -> None:
    network = _network()
    avoid_slow_depthwise(network)
    with torch.autocast("cpu", torch.bfloat16):
        assert network[0](torch.randn(1, 3, 9, 9)).dtype == torch.bfloat16
        assert network[2](torch.randn(1, 8, 9, 9, dtype=torch.bfloat16)).dtype == torch.float32


def test_equalising_changes_sizes_but_not_what_is_computed() -> None:
    network = _network().double()
    equalised = copy.deepcopy(network)
    equalise_step_sizes(equalised)
    for layer in (0, 2):
        assert equalised.get_parameter(f"{layer}.weight").square().mean().sqrt().item() == pytest.approx(0.03)
    image = torch.randn(4, 3, 33, 33, dtype=torch.float64)
    torch.testing.assert_close(equalised(image), network(image), rtol=0.02, atol=0.02)  # BatchNorm's epsilon remains
