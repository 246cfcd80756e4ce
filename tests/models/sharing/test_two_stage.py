from __future__ import annotations

import dataclasses
from typing import Literal

import pytest
import torch
from torch import nn

from auxseg.errors import InputError
from auxseg.models import Network, build_network, check
from auxseg.models.encoders import Pyramid
from auxseg.models.sharing import TwoStageConfig, TwoStageSharing
from auxseg.models.sharing.two_stage import FROM_OTHERS, Mixing
from auxseg.training.optimizer import AdamWConfig, parameter_groups
from tests.models.cases import MODELS, SEGMENTATION, THREE_TASKS


def _network(decoders: Literal["one", "each"] = "one", target: str | None = None) -> Network:
    config = dataclasses.replace(MODELS["unet"], sharing=TwoStageConfig(decoders=decoders))
    return build_network(config, THREE_TASKS, seed=0, target=target)


def _sharing(network: Network) -> TwoStageSharing:
    assert isinstance(network.sharing, TwoStageSharing)
    return network.sharing


def test_mixes_levels_by_the_formula() -> None:
    pyramids = [Pyramid((torch.rand(1, 2, 4, 4), torch.rand(1, 3, 2, 2)), torch.Size((8, 8))) for _ in range(3)]
    mixing = Mixing(2, (0, 1), 3)
    assert mixing.weights.view(mixing.shape)[:, 0].tolist() == [
        pytest.approx([1, FROM_OTHERS, FROM_OTHERS]),
        pytest.approx([FROM_OTHERS, 1, FROM_OTHERS]),
    ]
    nn.init.normal_(mixing.weights)
    for stream, mixed in enumerate(mixing(pyramids)):
        for level, feature in enumerate(mixed.features):
            stack = torch.stack([pyramid.features[level] for pyramid in pyramids])
            torch.testing.assert_close(
                feature, torch.einsum("t,tnchw->nchw", mixing.weights.view(mixing.shape)[stream, level], stack)
            )


def test_reads_the_auxiliaries_without_moving_them() -> None:
    network = _network("each")
    network(torch.rand(2, 3, 32, 32))["segmentation"].square().sum().backward()
    moved = {id(p) for p in network.parameters() if p.grad is not None}
    assert moved == {id(p) for p in network.task_parameters("segmentation")}
    picture = torch.rand(1, 3, 32, 32)
    network.eval()
    with torch.no_grad():
        before = network(picture)["segmentation"]
        for parameter in _sharing(network).by_encoder["box"].parameters():
            parameter.mul_(2)
        assert not torch.allclose(network(picture)["segmentation"], before)


@pytest.mark.parametrize("decoders", ["one", "each"])
def test_starts_near_the_target_alone(decoders: Literal["one", "each"]) -> None:
    network = _network(decoders).eval()
    alone = build_network(MODELS["unet"], {"segmentation": THREE_TASKS["segmentation"]}, seed=0).eval()
    sharing = _sharing(network)
    own = network.sharing.encoders()["encoder segmentation"]
    alone.sharing.encoders()["encoder"].load_state_dict(own.state_dict())
    alone.sharing.branches()["segmentation"].load_state_dict(network.sharing.branches()["segmentation"].state_dict())
    with torch.no_grad():
        weights = sharing.mixing.weights.view(sharing.mixing.shape)
        weights.copy_(torch.eye(*weights.shape[::2])[:, None])
        if sharing.decoded is not None:
            sharing.decoded.zero_()
        picture = torch.rand(1, 3, 32, 32)
        torch.testing.assert_close(network(picture)["segmentation"], alone(picture)["segmentation"])


def test_auxiliaries_know_nothing_of_the_target() -> None:
    network = _network()
    calls = []
    for name, encoder in network.sharing.encoders().items():
        encoder.register_forward_hook(lambda *_, name=name: calls.append(name))
    network(torch.rand(2, 3, 32, 32), ["box"])
    assert calls == ["encoder box"]
    calls.clear()
    network(torch.rand(2, 3, 32, 32), ["segmentation"])
    assert calls == ["encoder segmentation", "encoder classification", "encoder box"]


def test_any_task_may_be_the_target() -> None:
    network = _network("each", target="box")
    assert next(iter(network.sharing.encoders())) == "encoder box"
    assert network(torch.rand(2, 3, 32, 32))["box"].shape == (2, 4)
    names = {name for name, p in network.named_parameters() if any(p is own for own in network.task_parameters("box"))}
    assert "sharing.mixing.weights" in names
    assert _sharing(network).mixing.levels == (4,)


def test_refuses_to_be_alone() -> None:
    config = dataclasses.replace(MODELS["unet"], sharing=TwoStageConfig())
    with pytest.raises(InputError, match=r"model\.sharing: two-stage .* besides segmentation, found none"):
        check(config, SEGMENTATION)


def test_mixing_is_not_pulled_to_zero() -> None:
    network = _network("each", "segmentation")
    names = {parameter: name for name, parameter in network.named_parameters()}
    groups = parameter_groups((network,), [], AdamWConfig(weight_decay=0.01))
    decayed = {names[parameter] for group in groups if group["weight_decay"] for parameter in group["params"]}
    assert decayed
    assert not any("mixing" in name or name.endswith("decoded") for name in decayed)
