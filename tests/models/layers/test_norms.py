from __future__ import annotations

import pytest
import timm
import torch
from timm.layers.norm_act import BatchNormAct2d
from torch import nn

from auxseg.models.layers.norms import norm_layer, replace_batch_norm


@pytest.mark.parametrize(("channels", "groups"), [(4, 4), (8, 8), (16, 8), (20, 5), (24, 8), (13, 1), (1, 1)])
def test_group_norm_takes_the_most_groups_that_divide(channels: int, groups: int) -> None:
    layer = norm_layer("group", channels)
    assert isinstance(layer, nn.GroupNorm)
    assert layer.num_groups == groups


def test_batch_norm_by_name() -> None:
    assert isinstance(norm_layer("batch", 8), nn.BatchNorm2d)


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv2_050"])
def test_replacing_leaves_no_batch_norm_and_as_many_parameters(name: str) -> None:
    backbone = timm.create_model(name, features_only=True)
    num_layers = sum(isinstance(module, nn.BatchNorm2d) for module in backbone.modules())
    num_parameters = sum(parameter.numel() for parameter in backbone.parameters())
    replace_batch_norm(backbone)
    assert num_layers > 10
    assert not any(isinstance(module, nn.BatchNorm2d) for module in backbone.modules())
    assert sum(isinstance(module, nn.GroupNorm) for module in backbone.modules()) == num_layers
    assert sum(parameter.numel() for parameter in backbone.parameters()) == num_parameters


def test_replacing_keeps_fused_activations() -> None:
    fused = nn.Sequential(BatchNormAct2d(8, act_layer=nn.ReLU6))
    replace_batch_norm(fused)
    x = 10 * torch.randn(2, 8, 5, 5)
    torch.testing.assert_close(fused(x), nn.functional.relu6(nn.functional.group_norm(x, 8)))
