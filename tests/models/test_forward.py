"""One forward pass per view, and whose statistics are kept."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from auxseg.models import ModelConfig, Network, build_network
from auxseg.models.decoders import UNetDecoderConfig
from auxseg.models.encoders import TimmEncoderConfig, UNetEncoderConfig
from auxseg.models.forward import forward
from auxseg.tasks import ColorizationConfig, DenoisingConfig, RotationConfig, SegmentationConfig, Task
from tests.tasks.examples import VOCABULARY, make_batch

ENCODERS = {"own": UNetEncoderConfig(channels=(8, 12)), "timm": TimmEncoderConfig(name="mobilenetv2_035")}


def _tasks() -> dict[str, Task]:
    configs = {
        "colour": ColorizationConfig(),
        "segmentation": SegmentationConfig(),
        "noise": DenoisingConfig(),
        "turn": RotationConfig(),
    }
    tasks: dict[str, Task] = {name: config.build(name, VOCABULARY) for name, config in configs.items()}
    segmentation = tasks["segmentation"]
    return {**tasks, "segmentation": segmentation.in_recipe(is_target=True, view=segmentation.view)}


def _network(tasks: dict[str, Task], encoder: str) -> Network:
    config = ModelConfig(encoder=ENCODERS[encoder], decoder=UNetDecoderConfig(base=4, limit=8))
    return build_network(config, {name: task.output for name, task in tasks.items()}, 0)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_only_the_targets_view_moves_the_running_statistics(encoder: str) -> None:
    tasks, batch = _tasks(), make_batch(4)
    network = _network(tasks, encoder).train()
    alone = copy.deepcopy(network)
    forward(network, tasks, batch)
    forward(alone, {"segmentation": tasks["segmentation"]}, batch)
    shared = {name: value for name, value in alone.state_dict().items() if "encoder" in name}
    assert any("running_mean" in name for name in shared)
    for name, value in shared.items():
        assert torch.equal(network.state_dict()[name], value), name
    assert all(layer.track_running_stats for layer in network.modules() if isinstance(layer, nn.BatchNorm2d))


def test_parts_that_only_another_view_uses_have_its_running_statistics() -> None:
    tasks, batch = _tasks(), make_batch(4)
    network = _network(tasks, "own").train()
    before = copy.deepcopy(network.state_dict())
    forward(network, tasks, batch)
    after = network.state_dict()
    moved = {name for name in after if name.endswith("num_batches_tracked") and after[name] != before[name]}
    assert moved == {name for name in after if name.endswith("num_batches_tracked")}
    assert {after[name].item() for name in moved} == {1}


@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_view_is_normalised_by_its_own_batch(encoder: str) -> None:
    tasks, batch = _tasks(), make_batch(4)
    network = _network(tasks, encoder).train()
    outputs = forward(network, tasks, batch)
    assert set(outputs) == set(tasks)
    for name, task in tasks.items():
        torch.testing.assert_close(outputs[name], network(task.view.look(batch), [name])[name])


def test_further_views_change_no_bit_of_the_targets_outputs_even_with_dropout() -> None:
    tasks, batch = _tasks(), make_batch(4)
    network = _network(tasks, "own").train()
    network.sharing.register_forward_pre_hook(lambda _, inputs: (torch.dropout(inputs[0], 0.5, True), *inputs[1:]))
    torch.manual_seed(3)
    expected = forward(network, {"segmentation": tasks["segmentation"]}, batch)["segmentation"]
    torch.manual_seed(3)
    assert torch.equal(forward(network, tasks, batch)["segmentation"], expected)


def test_in_evaluation_a_picture_is_answered_alike_in_any_company() -> None:
    tasks, batch = _tasks(), make_batch(4)
    network = _network(tasks, "own").eval()
    before = copy.deepcopy(network.state_dict())
    outputs = forward(network, tasks, batch)
    alone = network(batch.image[:1], ["segmentation"])["segmentation"]
    torch.testing.assert_close(outputs["segmentation"][:1], alone)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
