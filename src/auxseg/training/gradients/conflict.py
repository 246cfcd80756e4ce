"""Whether tasks pull the weights that they share in one direction.

The cosine of two tasks' gradients says so: below zero a step for one is, to first order, a step against the other. That
is the definition of conflicting gradients in Yu et al., Gradient Surgery for Multi-Task Learning, NeurIPS 2020,
https://arxiv.org/abs/2001.06782; and Du et al., Adapting Auxiliary Losses Using Gradient Similarity, 2018,
https://arxiv.org/abs/1812.02224, judge an auxiliary by its cosine with the target.

Shape legend: ``G`` groups of parameters, ``P`` parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from auxseg.balancing.balancer import Reduce

EVERYWHERE: Final = "all"
"""The name under which all shared parameters are taken together, beside each group of them."""


@dataclass(frozen=True)
class Look:
    """What the gradients of the tasks' losses, each by itself and without its weight, show at one step.

    Attributes:
        norms: by task and group of shared parameters.
        cosines: of each auxiliary's gradient with the target's, by auxiliary and group; NaN where one is zero.
        affinities: of each auxiliary to the target, see `auxseg.training.gradients.affinity`.
        seconds: what it took.
    """

    norms: dict[str, dict[str, float]]
    cosines: dict[str, dict[str, float]]
    affinities: dict[str, float]
    seconds: float


def gradients_by_task(
    losses: Mapping[str, Tensor], parameters: Sequence[nn.Parameter], reduce: Reduce
) -> dict[str, list[Tensor]]:
    """Each loss's gradient, summed over all processes: a tensor per parameter, zero where the loss does not reach it.

    The losses may share a graph, which is freed. Nothing is left in ``parameter.grad``.
    """
    found: dict[str, list[Tensor]] = {}
    for number, (task, loss) in enumerate(losses.items(), start=1):
        if not loss.requires_grad:
            found[task] = [torch.zeros_like(parameter) for parameter in parameters]
            continue
        gradients = torch.autograd.grad(
            loss, parameters, retain_graph=number < len(losses), allow_unused=True, materialize_grads=True
        )
        found[task] = [gradient.contiguous() for gradient in gradients]
    reduce([gradient for gradients in found.values() for gradient in gradients])
    return found


def norms_and_cosines(
    gradients: Mapping[str, Sequence[Tensor]], target: str, groups: Mapping[str, int]
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """The norm of every task's gradient, and the cosine of every other's with the target's, by group and everywhere.

    ``groups`` says how many of the parameters, which are in the order of the groups, belong to each.
    """
    squares = {task: _products(mine, mine, groups) for task, mine in gradients.items()}
    dots = {task: _products(mine, gradients[target], groups) for task, mine in gradients.items() if task != target}
    norms = {task: _named(square.sqrt(), groups) for task, square in squares.items()}
    cosines = {task: _named(dot / squares[task].sqrt() / squares[target].sqrt(), groups) for task, dot in dots.items()}
    return norms, cosines


def _products(left: Sequence[Tensor], right: Sequence[Tensor], groups: Mapping[str, int]) -> Float[Tensor, " G"]:
    """The dot products over all parameters, then over each group."""
    by_parameter = torch.stack([(mine * other).sum() for mine, other in zip(left, right, strict=True)]).double()  # P
    return torch.stack([by_parameter.sum(), *(part.sum() for part in by_parameter.split(list(groups.values())))])


def _named(values: Float[Tensor, " G"], groups: Mapping[str, int]) -> dict[str, float]:
    return dict(zip((EVERYWHERE, *groups), values.tolist(), strict=True))
