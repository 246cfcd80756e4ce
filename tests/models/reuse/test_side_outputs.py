"""Side outputs of the target's decoder: what they are made of, whose parameters they move, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from auxseg.errors import InputError
from auxseg.models import ModelConfig, Network, build_network, outline
from auxseg.models.branch import DenseBranch
from auxseg.models.decoders import UNetDecoderConfig
from auxseg.models.encoders import UNetEncoderConfig
from auxseg.models.sharing import CrossStitchConfig, HardSharingConfig, MTANConfig, SharingConfig, TwoStageConfig
from auxseg.models.stages import shared_by_stage
from auxseg.tasks.task import Dense, Output, SideOutputs
from tests.models.cases import MODELS, THREE_TASKS

MODEL = ModelConfig(encoder=UNetEncoderConfig(channels=(4, 6, 8, 10)), decoder=UNetDecoderConfig(base=4), norm="group")
READING: dict[str, Output] = {"deep": SideOutputs(Dense(3), 2), **THREE_TASKS}
SCHEMES: dict[str, SharingConfig] = {
    "hard": HardSharingConfig(),
    "mtan": MTANConfig(),
    "cross-stitch": CrossStitchConfig(),
    "two-stage": TwoStageConfig(),
    "two-stage each": TwoStageConfig(decoders="each"),
}
every_scheme = pytest.mark.parametrize("scheme", SCHEMES)


def _network(scheme: str = "hard", model: ModelConfig = MODEL) -> Network:
    return build_network(replace(model, sharing=SCHEMES[scheme]), READING, 0, "segmentation")


def _with_large_heads(network: Network) -> Network:
    """Weights that are large enough to be seen: those that heads start with are almost zero."""
    for parameter in network.side_heads.parameters():
        nn.init.normal_(parameter)
    return network


def test_a_map_is_a_convolution_of_a_coarser_step_enlarged_and_cut() -> None:
    network, image = _with_large_heads(_network()).eval(), torch.rand(2, 3, 50, 70)
    found = network(image)["deep"]
    assert found.shape == (2, 6, 50, 70)
    branch = network.sharing.branches()["segmentation"]
    assert isinstance(branch, DenseBranch)
    prepared = network.prepare(image)
    pyramid = network.sharing.encoders()["encoder"](prepared)
    steps, x = [], pyramid.features[-1]
    for step in range(len(branch.decoder.step_channels)):
        _, x = branch.decoder.run(step, x, pyramid)
        steps.append(x)
    half, quarter = steps[-2], steps[-3]
    assert [prepared.shape[-1] // features.shape[-1] for features in (half, quarter)] == [2, 4]
    layers = network.side_heads["deep"].get_submodule("logits").children()
    for logits, layer, features in zip(found.split(3, dim=1), layers, (half, quarter), strict=True):
        expected = F.interpolate(layer(features), size=prepared.shape[-2:], mode="bilinear")[..., :50, :70]
        torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize("name", ["segnet", "vit", "mobilenet residual", "residual"])
def test_every_kind_of_decoder_can_be_read(name: str) -> None:
    outputs: dict[str, Output] = {"segmentation": Dense(2), "deep": SideOutputs(Dense(2), 3)}
    network = build_network(MODELS[name], outputs, 0).eval()
    size = network.image_size or 64
    assert network(torch.rand(1, 3, size, size), ["deep"])["deep"].shape == (1, 6, size, size)


def test_a_short_decoder_has_fewer() -> None:
    outputs: dict[str, Output] = {"segmentation": Dense(2), "deep": SideOutputs(Dense(2), 3)}
    network = build_network(MODELS["unet group"], outputs, 0).eval()
    assert network(torch.rand(1, 3, 16, 16))["deep"].shape == (1, 2, 16, 16)


@every_scheme
def test_other_outputs_and_weights_are_those_without_it(scheme: str) -> None:
    network = _with_large_heads(_network(scheme)).eval()
    without = build_network(replace(MODEL, sharing=SCHEMES[scheme]), THREE_TASKS, 0, "segmentation").eval()
    mine, others = network.state_dict(), without.state_dict()
    assert {name for name in mine if name not in others} == {
        f"side_heads.deep.logits.{level}.{kind}" for level in (0, 1) for kind in ("weight", "bias")
    }
    assert all(torch.equal(value, mine[name]) for name, value in others.items())
    image = torch.rand(2, 3, 50, 70)
    together, expected = network(image), without(image)
    assert set(together) == set(network.tasks) == set(READING)
    assert all(torch.equal(together[task], output) for task, output in expected.items())
    alone = network(image, ["deep"])
    assert list(alone) == ["deep"]
    torch.testing.assert_close(alone["deep"], together["deep"])


@every_scheme
def test_its_parameters_are_a_part_of_their_own(scheme: str) -> None:
    network = _network(scheme)
    without = build_network(replace(MODEL, sharing=SCHEMES[scheme]), THREE_TASKS, 0, "segmentation")
    channels = (8, 16)  # of the steps at half and at a quarter of the resolution
    assert network.parts() == {**without.parts(), "head deep": sum(3 * c + 3 for c in channels)}
    assert network.parts() == outline(replace(MODEL, sharing=SCHEMES[scheme]), READING, "segmentation").parts()


@every_scheme
def test_every_parameter_has_one_owner(scheme: str) -> None:
    network = _network(scheme)
    shared, own = network.shared_parameters(), [p for task in READING for p in network.task_parameters(task)]
    assert len({id(p) for p in [*shared, *own]}) == len(shared) + len(own) == len(list(network.parameters()))
    assert network.task_parameters("deep") == list(network.side_heads.parameters())
    assert not network.task_parameters("segmentation")
    groups = [id(p) for group in shared_by_stage(network).values() for p in group]
    assert set(groups) == {id(p) for p in shared}


@every_scheme
def test_it_moves_its_head_and_the_targets_decoder_but_not_the_targets_head(scheme: str) -> None:
    network = _with_large_heads(_network(scheme)).train()
    parameters = list(network.parameters())
    loss = (network(torch.rand(2, 3, 32, 32), ["deep"])["deep"] - 1).square().sum()
    gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
    moved = {id(p) for p, gradient in zip(parameters, gradients, strict=True) if gradient.any()}
    by_part = {part: {id(p) for p in mine} for part, mine in network.parameters_by_part().items()}
    assert moved <= {id(p) for p in network.parameters_moved_by(["deep"])}
    assert by_part["head deep"] <= moved
    assert by_part["decoder segmentation"] & moved
    assert not by_part["head segmentation"] & moved


def test_steps_that_are_computed_again_give_the_same_bits() -> None:
    image, found = torch.rand(2, 3, 32, 32), list[list[torch.Tensor]]()
    for checkpointing in (False, True):
        network = _with_large_heads_drawn_alike(checkpointing=checkpointing).train()
        torch.stack([out.square().sum() for out in network(image).values()]).sum().backward()
        found.append([p.grad for p in network.parameters() if p.grad is not None])
        assert len(found[-1]) == len(list(network.parameters()))
    plain, again = found
    assert all(torch.equal(one, other) for one, other in zip(plain, again, strict=True))


def _with_large_heads_drawn_alike(*, checkpointing: bool) -> Network:
    torch.manual_seed(0)
    return _with_large_heads(_network(model=replace(MODEL, checkpointing=checkpointing)))


@pytest.mark.parametrize("sharing", [HardSharingConfig(decoder="shared"), MTANConfig(attention="encoder-decoder")])
def test_a_target_without_a_decoder_of_its_own_is_refused(sharing: SharingConfig) -> None:
    reason = r"tasks\.deep reads the steps of the decoder of 'segmentation', but model\.sharing gives .* none of its"
    with pytest.raises(InputError, match=reason):
        outline(replace(MODEL, sharing=sharing), READING, "segmentation")


def test_a_decoder_of_one_step_is_refused() -> None:
    short = replace(MODEL, encoder=UNetEncoderConfig(channels=(4,)))
    with pytest.raises(InputError, match=r"tasks\.deep .* expected at least 2 steps, found 1; choose a deeper encoder"):
        outline(short, READING, "segmentation")


@pytest.mark.parametrize(
    ("deep", "target", "reason"),
    [
        (SideOutputs(Dense(2), 1), "segmentation", r"expected a map of 2 channels, found a map of 3 channels"),
        (SideOutputs(Dense(3), 1), "box", r"expected a map of 3 channels, found 4 numbers per image"),
        (SideOutputs(Dense(3), 1, "segmentation"), "deep", r"target is 'deep', which has no head of its own"),
    ],
)
def test_what_cannot_be_read_is_refused(deep: SideOutputs, target: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        outline(MODEL, {**THREE_TASKS, "deep": deep}, target)
