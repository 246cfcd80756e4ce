"""The contract of a sharing scheme."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from auxseg.models import ModelConfig, Network
from auxseg.models.decoders import UNetDecoderConfig
from auxseg.models.encoders import UNetEncoderConfig
from auxseg.models.model import build_with
from auxseg.models.sharing import Scheme
from auxseg.tasks.task import Dense, Vector
from auxseg.testing.require import are_close, require

OUTPUTS: Final[dict[str, Dense | Vector]] = {
    "segmentation": Dense(3),
    "classification": Vector(5),
    "box": Vector(4, grid=2, hidden=8),
}
SIZE: Final = (50, 70)
"""Height and width of the pictures: no stride divides them."""
NUM_IMAGES: Final = 3
SMALL: Final = ModelConfig(encoder=UNetEncoderConfig(channels=(8, 12)), decoder=UNetDecoderConfig())


def check_sharing(config: Scheme, model: ModelConfig = SMALL, *, device: torch.device | str = "cpu") -> None:
    """Check that a sharing scheme keeps what training and comparisons of tasks rely on.

    Outputs have the size of the picture and do not depend on which other tasks are computed, nor in evaluation on the
    other images of a batch. Every parameter belongs to all tasks or to one; each is reached by a gradient, and no task
    moves what belongs to another. Computing twice gives the same bits, and weights carry over.

    Args:
        config: settings of the scheme, with ``build(builder)``.
        model: encoder, decoder and normalisation to build it with; its own scheme is not looked at.
        device: where to compute.

    Raises:
        AssertionError: naming the scheme and the rule that it breaks.
    """
    first, twin, other = (build_with(config, model, OUTPUTS, seed).to(device) for seed in (0, 0, 1))
    pictures = torch.rand(NUM_IMAGES, 3, *SIZE, generator=torch.Generator().manual_seed(1)).to(device)
    _check_owners(first)
    _check_gradients(first, twin, pictures)
    for network in (first, other):
        network.eval()
    with torch.no_grad():
        _check_outputs(first, pictures)
        _check_weights_carry_over(first, other, pictures)
        _check_images_are_apart(first.double(), pictures.double())


def _check_owners(network: Network) -> None:
    _require(set(network.tasks) == set(OUTPUTS), network, "every task has a branch")
    owned = [*network.shared_parameters(), *(p for task in OUTPUTS for p in network.task_parameters(task))]
    _require(len(owned) == len(set(owned)), network, "no parameter has two owners")
    _require(set(owned) == set(network.parameters()), network, "every parameter is shared or belongs to one task")


def _check_gradients(network: Network, twin: Network, pictures: Tensor) -> None:
    """In training: every part learns, from nobody but its own task."""
    outputs = network.train()(pictures)
    names = {parameter: name for name, parameter in network.named_parameters()}
    reached: set[str] = set()
    for task, output in outputs.items():
        gradients = torch.autograd.grad(_loss(output), list(names), retain_graph=True, materialize_grads=True)
        mine = {name for name, gradient in zip(names.values(), gradients, strict=True) if gradient.any()}
        others = {names[p] for other in OUTPUTS if other != task for p in network.task_parameters(other)}
        _require(not mine & others, network, "a task moves no parameter that belongs to another")
        reached |= mine
    _require(reached == set(names.values()), network, "every parameter is reached by the gradient of a task")
    one, again = (_gradients(each, made) for each, made in ((network, outputs), (twin, twin.train()(pictures))))
    same = all(torch.equal(value, other) for value, other in zip(one, again, strict=True))
    _require(same, network, "computing twice with the same seed gives the same bits")


def _check_outputs(network: Network, pictures: Tensor) -> None:
    outputs = network(pictures)
    for name, output in OUTPUTS.items():
        expected = (output.channels, *SIZE) if isinstance(output, Dense) else (output.size,)
        _require(outputs[name].shape == (NUM_IMAGES, *expected), network, "outputs have the size that tasks ask for")
        given, alone = network.sharing(network.prepare(pictures), [name]), network(pictures, [name])
        _require(list(given) == [name], network, "only the outputs of the tasks that are asked for are given")
        same = are_close(alone[name], outputs[name], 1e-4, 1e-5)
        _require(same, network, "a task's output does not depend on which others are computed")


def _check_weights_carry_over(network: Network, other: Network, pictures: Tensor) -> None:
    expected, others = network(pictures), other.parameters_by_part()
    for part, parameters in network.parameters_by_part().items():
        same = all(torch.equal(one, another) for one, another in zip(parameters, others[part], strict=True))
        _require(part == "sharing" or not parameters or not same, network, "another seed gives other weights")
    other.load_state_dict(network.state_dict())
    after = other(pictures)
    same = all(torch.equal(after[name], output) for name, output in expected.items())
    _require(same, network, "a network whose weights are loaded gives the same bits")


def _check_images_are_apart(network: Network, pictures: Tensor) -> None:
    together, alone = network(pictures), network(pictures[1:2])
    same = all(are_close(alone[name], output[1:2]) for name, output in together.items())
    _require(same, network, "in evaluation an image does not see the others of its batch")


def _gradients(network: Network, outputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
    loss = torch.stack([_loss(output) for output in outputs.values()]).sum()
    return torch.autograd.grad(loss, list(network.parameters()), materialize_grads=True)


def _loss(output: Tensor) -> Tensor:
    """Squares, because batch normalisation hides a plain sum from what stands before it."""
    return (output.float() - 1).square().sum()


def _require(holds: object, network: Network, rule: str) -> None:
    require(holds, type(network.sharing).__name__, rule)
