"""Steps of training that are given as gradients and losses, and how far apart two sides' directions are.

Shape legend: ``K`` tasks, ``n`` parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from auxseg.balancing import BalancerConfig, Step

SEED: Final = 3
NUM_STEPS: Final = 4
NUM_PARAMETERS: Final = 30
_NAMES: Final = ("a", "b", "c", "d", "e")
"""Of tasks, the target first."""


@final
@dataclass(frozen=True)
class Given:
    """A step: the gradients and losses of its tasks, and its number."""

    gradients: Float[Tensor, "K n"]
    losses: Float[Tensor, " K"]
    number: int

    def losses_at(self, position: Float[Tensor, " n"]) -> Float[Tensor, " K"]:
        """Losses that have these values and gradients where the position is 0."""
        return self.gradients @ position + self.losses


Side: TypeAlias = Callable[[Given], Float[Tensor, " n"]]
"""A method that is given one step after the other, which it may remember, and says along what to go down."""


def position() -> nn.Parameter:
    """Where every step's losses are those that are given."""
    return nn.Parameter(torch.zeros(NUM_PARAMETERS))


def left(parameter: nn.Parameter) -> Float[Tensor, " n"]:
    """The gradient that a method left there."""
    assert parameter.grad is not None
    return parameter.grad.detach().clone()


def steps(num_tasks: int) -> Iterator[Given]:
    """The same steps every time: tasks that conflict in part, and losses that fall at different rates."""
    generator = torch.Generator().manual_seed(SEED)
    rates = torch.linspace(0.6, 0.95, num_tasks)
    for number in range(NUM_STEPS):
        gradients = torch.randn(num_tasks, NUM_PARAMETERS, generator=generator)
        noise = 1 + 0.1 * torch.rand(num_tasks, generator=generator)
        lengths = torch.linspace(0.5, 2.0, num_tasks)
        yield Given(lengths[:, None] * gradients, (1 + torch.arange(num_tasks)) * rates**number * noise, number)


def ours(settings: BalancerConfig, num_tasks: int) -> Side:
    """auxseg's balancer with these settings."""
    step = _stepping(settings, num_tasks)
    return lambda given: step(given)[0]


def moves_of_our_weights(settings: BalancerConfig, num_tasks: int) -> Side:
    """Along what the weights of auxseg's balancer go, instead of along what the parameters go."""
    step = _stepping(settings, num_tasks)
    before = torch.ones(num_tasks, dtype=torch.float64)

    def side(given: Given) -> Tensor:
        nonlocal before
        weights = step(given)[1]
        move, before = weights - before, weights
        return torch.nn.functional.normalize(move, dim=0).float()

    return side


def _stepping(settings: BalancerConfig, num_tasks: int) -> Callable[[Given], tuple[Tensor, Tensor]]:
    """What gives the direction and the weights of a step."""
    names = _NAMES[:num_tasks]
    balancer = settings.build(names, names[0], SEED)

    def step(given: Given) -> tuple[Tensor, Tensor]:
        parameter = position()
        balancer.begin_step(Step(given.number, 1, frozenset(names), [parameter]))
        balancer.backward(dict(zip(names, given.losses_at(parameter).unbind(), strict=True)))
        weights = balancer.finish(dict(zip(names, given.losses.tolist(), strict=True)), lambda tensors: None)
        return left(parameter), torch.tensor([weights[name] for name in names], dtype=torch.float64)

    return step


def difference(one: Side, other: Side, num_tasks: int, num_steps: int = NUM_STEPS, factor: float = 1.0) -> float:
    """How far one side is from ``factor`` times the other, as a share of the other's largest number, in any step."""
    found: list[Tensor] = []
    for given in islice(steps(num_tasks), num_steps):
        expected = factor * other(given)
        found.append((one(given) - expected).abs().max() / expected.abs().max())
    return float(torch.stack(found).max())  # what is not a number stays so, and is never within a bound
