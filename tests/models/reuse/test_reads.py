"""Tasks that read another task's output: whose head it is, what it costs, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from auxseg.errors import InputError
from auxseg.models import ModelConfig, Network, build_network, outline
from auxseg.models.reuse.reads import heads_read, with_heads
from auxseg.models.sharing import CrossStitchConfig, HardSharingConfig, MTANConfig, TwoStageConfig
from auxseg.models.stages import shared_by_stage
from auxseg.tasks.task import Dense, Of, Output, Vector
from tests.models.cases import MODELS, THREE_TASKS

READING: dict[str, Output] = {"again": Of(Dense(3)), **THREE_TASKS, "kind": Of(Vector(5), "classification")}
SCHEMES = {
    "hard": HardSharingConfig(),
    "shared decoder": HardSharingConfig(decoder="shared"),
    "mtan": MTANConfig(),
    "mtan encoder-decoder": MTANConfig(attention="encoder-decoder"),
    "cross-stitch": CrossStitchConfig(),
    "two-stage": TwoStageConfig(decoders="each"),
}
every_scheme = pytest.mark.parametrize("scheme", SCHEMES)


def _config(scheme: str) -> ModelConfig:
    return replace(MODELS["unet group"], sharing=SCHEMES[scheme])


def _network(scheme: str = "hard") -> Network:
    return build_network(_config(scheme), READING, 0, "segmentation")


@every_scheme
def test_a_reader_is_given_the_output_of_the_head_that_it_reads(scheme: str) -> None:
    network, image = _network(scheme).eval(), torch.rand(2, 3, 50, 70)
    outputs = network(image)
    assert outputs["again"] is outputs["segmentation"]
    assert outputs["kind"] is outputs["classification"]
    assert set(outputs) == set(network.tasks) == set(READING)
    alone = network(image, ["again"])
    assert list(alone) == ["again"]
    torch.testing.assert_close(alone["again"], outputs["again"])


@every_scheme
def test_readers_add_no_parameter_and_change_no_weight(scheme: str) -> None:
    network, without = _network(scheme), build_network(_config(scheme), THREE_TASKS, 0, "segmentation")
    assert network.parts() == without.parts() == outline(_config(scheme), READING, "segmentation").parts()
    mine, others = network.state_dict(), without.state_dict()
    assert mine.keys() == others.keys()
    assert all(torch.equal(value, others[name]) for name, value in mine.items())


@every_scheme
def test_a_head_that_is_read_is_shared_and_every_parameter_has_one_owner(scheme: str) -> None:
    network = _network(scheme)
    shared, own = network.shared_parameters(), [p for task in READING for p in network.task_parameters(task)]
    assert len({id(p) for p in [*shared, *own]}) == len(shared) + len(own) == len(list(network.parameters()))
    assert [task for task in READING if network.task_parameters(task)] == ["box"]
    heads = {id(p) for task in ("segmentation", "classification") for p in network.branch_parameters(task)}
    assert heads <= {id(p) for p in shared}
    groups = [id(p) for group in shared_by_stage(network).values() for p in group]
    assert set(groups) == {id(p) for p in shared}


@every_scheme
def test_both_losses_move_what_is_said_that_they_move(scheme: str) -> None:
    network = _network(scheme).train()
    parameters = list(network.parameters())
    for task in READING:
        loss = (network(torch.rand(2, 3, 32, 32), [task])[task] - 1).square().sum()
        gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
        moved = {id(p) for p, gradient in zip(parameters, gradients, strict=True) if gradient.any()}
        assert moved <= {id(p) for p in network.parameters_moved_by([task])}
        assert {id(p) for p in network.branch_parameters(task)[-2:]} <= moved


def test_only_heads_attend_and_mix() -> None:
    network, image = _network("mtan"), torch.rand(1, 3, 32, 32)
    assert list(network.attention_masks(image, ["again", "box"])) == ["box"]
    assert network.attention_masks(image, ["again"]) == {}
    matrix = next(iter(_network("cross-stitch").sharing.mixing_matrices().values()))
    assert len(matrix) == len(THREE_TASKS)


def test_the_target_is_read_unless_another_task_is_named() -> None:
    outputs: dict[str, Output] = {"a": Vector(4), "b": Vector(4, grid=2), "reader": Of(Vector(4))}
    assert heads_read(outputs, "b") == {"reader": "b"}
    assert heads_read({**outputs, "reader": Of(Vector(4), "a")}, "b") == {"reader": "a"}
    assert list(with_heads(outputs)) == ["a", "b"]


@pytest.mark.parametrize(
    ("reader", "target", "reason"),
    [
        (Of(Dense(3), "masks"), "segmentation", r"tasks\.reader reads the output of 'masks', which is not a task"),
        (Of(Dense(3), "other"), "segmentation", r"reads the output of 'other', which has none of its own either"),
        (Of(Dense(2)), "segmentation", r"'segmentation', expected a map of 2 channels, found a map of 3 channels"),
        (Of(Dense(3)), "box", r"'box', expected a map of 3 channels, found 4 numbers per image; leave the task out"),
        (Of(Dense(3), "segmentation"), "reader", r"target is 'reader', which has no head of its own"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_built(reader: Of, target: str, reason: str) -> None:
    outputs: dict[str, Output] = {**THREE_TASKS, "other": Of(Dense(3), "segmentation"), "reader": reader}
    with pytest.raises(InputError, match=reason):
        outline(MODELS["unet group"], outputs, target)


def test_a_network_needs_a_head() -> None:
    with pytest.raises(InputError, match=r"tasks: none of reader has an output of its own"):
        outline(MODELS["unet group"], {"reader": Of(Dense(2))})
