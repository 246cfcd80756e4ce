"""What is particular to SegNet's encoder, which is VGG-16's."""

from __future__ import annotations

import pytest
import torch
import torchvision
from torch import nn

from auxseg.errors import InputError
from auxseg.models.encoders import ChainEncoder, SegNetEncoderConfig
from auxseg.models.layers.norms import Norm


def _build(width: float, norm: Norm = "batch") -> ChainEncoder:
    return SegNetEncoderConfig().build(width=width, norm=norm, weights="none")


def test_convolutions_are_those_of_vgg16() -> None:
    with torch.device("meta"):
        features = torchvision.models.vgg16_bn().features
        encoder = _build(1.0)
    expected = [tuple(layer.weight.shape) for layer in features.children() if isinstance(layer, nn.Conv2d)]
    units = [unit for stage in encoder.chain() for unit in stage.units()]
    assert [tuple(unit.conv.weight.shape) for unit in units] == expected
    assert len(units) == 13
    poolings = sum(isinstance(layer, nn.MaxPool2d) for layer in features.children())
    assert encoder.num_stages == poolings == 5
    without_biases = sum(p.numel() for p in features.parameters()) - sum(shape[0] for shape in expected)
    assert sum(parameter.numel() for parameter in encoder.parameters()) == without_biases


def test_every_pooling_keeps_its_indices() -> None:
    pyramid = _build(0.1)(torch.rand(1, 3, 32, 64))
    assert pyramid.indices is not None
    for stage, indices in enumerate(pyramid.indices):
        assert indices.shape[-2:] == (32 // 2 ** (stage + 1), 64 // 2 ** (stage + 1))


def test_random_weights_come_in_any_width() -> None:
    SegNetEncoderConfig().check(width=0.5, weights="none")
    assert _build(0.25).channels == (16, 32, 64, 128, 128, 128)
    assert _build(0.25).provenance == "random"


def test_vgg16_weights_come_in_one_width() -> None:
    with pytest.raises(InputError, match=r"model\.width: .* only a width of 1\.0, found 0\.5"):
        SegNetEncoderConfig().check(width=0.5, weights="vgg16.safetensors")
    SegNetEncoderConfig().check(width=1.0, weights="vgg16.safetensors")


def test_groups_take_the_place_of_the_batch() -> None:
    kinds = {type(module) for module in _build(0.1, "group").modules()}
    assert nn.GroupNorm in kinds
    assert nn.BatchNorm2d not in kinds
