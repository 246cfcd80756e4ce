"""What is frozen is what pretrained weights fill, and its layers are in evaluation."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from auxseg.errors import InputError
from auxseg.models import build_network
from auxseg.models.encoders import TimmEncoderConfig, UNetEncoderConfig, freeze, standing_still
from auxseg.models.encoders.encoder import Encoder
from auxseg.models.layers.norms import moving_batch_norms
from tests.models.cases import MODELS, THREE_TASKS


def _unet() -> Encoder:
    return UNetEncoderConfig(channels=(8, 8, 12)).build(width=1.0, norm="batch", weights="none")


def _learning(module: nn.Module) -> set[str]:
    return {name for name, parameter in module.named_parameters() if parameter.requires_grad}


def test_all_of_an_encoder() -> None:
    encoder = _unet()
    assert len(moving_batch_norms(encoder)) == 6
    freeze(encoder, "all")
    assert _learning(encoder) == set()
    assert moving_batch_norms(encoder) == []
    assert list(standing_still(encoder)) == [encoder]


@pytest.mark.parametrize("number", [1, 2])
def test_first_stages(number: int) -> None:
    encoder = _unet()
    freeze(encoder, number)
    names = {name for name, _ in encoder.named_parameters()}
    assert _learning(encoder) == {name for name in names if int(name.split(".")[1]) >= number}
    assert len(moving_batch_norms(encoder)) == 2 * (3 - number)


def test_a_backbone_of_timm_by_its_stages() -> None:
    encoder = TimmEncoderConfig(name="mobilenetv2_050").build(width=1.0, norm="batch", weights="none")
    freeze(encoder, 1)
    frozen = {name for name, _ in encoder.named_parameters()} - _learning(encoder)
    assert {name.split(".")[1] for name in frozen} == {"conv_stem", "bn1", "blocks"}
    assert {name.split(".")[2] for name in frozen if ".blocks." in name} == {"0"}
    assert not encoder.backbone.bn1.training
    assert encoder.backbone.blocks[1].training


@pytest.mark.parametrize("number", [3, 4, 64])
def test_as_many_stages_as_there_are_is_not_a_number_of_first_stages(number: int) -> None:
    with pytest.raises(InputError, match=rf"expected all, or 1 to 2 of its 3 stages, found {number}$"):
        freeze(_unet(), number)


def test_an_encoder_without_stages_is_frozen_as_a_whole_or_not_at_all() -> None:
    encoder = TimmEncoderConfig(name="test_vit").build(width=1.0, norm="batch", weights="none")
    with pytest.raises(InputError, match=r"expected all, found 1, because this encoder is no chain of stages$"):
        freeze(encoder, 1)
    freeze(encoder, "all")
    assert _learning(encoder) == set()


def test_modules_stand_still_where_they_have_parameters_of_which_none_learns() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.Sequential(nn.Linear(2, 2), nn.Dropout()))
    network[2].requires_grad_(False)
    assert list(standing_still(network)) == [network[2]]
    assert list(standing_still(nn.Dropout())) == []


@pytest.mark.parametrize("name", ["unet", "segnet mtan", "segnet cross-stitch stem", "vit dpt", "unet grey two-stage"])
def test_every_encoder_of_a_network_is_frozen_and_nothing_else(name: str) -> None:
    config = MODELS[name]
    frozen = type(config.encoder)(**{**vars(config.encoder), "freeze": "all"})
    network = build_network(type(config)(**{**vars(config), "encoder": frozen}), THREE_TASKS, 0)
    still = {id(parameter) for parameter in network.parameters() if not parameter.requires_grad}
    assert still == {id(parameter) for parameter in network.encoder_parameters()}
    outputs = network(torch.rand(2, 3, 40, 48))
    torch.stack([output.sum() for output in outputs.values()]).sum().backward()
    assert all((parameter.grad is None) == (id(parameter) in still) for parameter in network.parameters())
