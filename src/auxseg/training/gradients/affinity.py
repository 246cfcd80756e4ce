"""Whether a step for one task lowers the loss of another.

Fifty et al., Efficiently Identifying Task Groupings for Multi-Task Learning, NeurIPS 2021,
https://arxiv.org/abs/2109.04617, take a step on the shared weights s along task i's gradient alone, and compare task
j's loss on the same batch before and after:

    Z(i -> j) = 1 - L_j(s - rate * dL_i/ds, h_j) / L_j(s, h_j)

with j's own weights h_j left alone. Above 0 the step for i helped j, below 0 it harmed it.

Departure: the rate is not the optimiser's. With the plain gradient that would make Z depend on the unit of L_i and on
the schedule, and Adam's rates do not fit plain gradients. Here the step is so long that to first order it lowers L_i
itself by `DECREASE`, ``rate = DECREASE * L_i / |dL_i/ds|^2``, but no longer than `LONGEST` of the weights' norm, which
bounds it where i has next to nothing to learn from the batch. So Z reads against `DECREASE`: where it is equal, the
step helped j as much as i.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import torch
from torch import Tensor, nn

DECREASE: Final = 0.01
LONGEST: Final = 0.01


def affinities(
    losses: Mapping[str, float],
    gradients: Mapping[str, Sequence[Tensor]],
    target: str,
    parameters: Sequence[nn.Parameter],
    loss_of_target: Callable[[], float],
) -> dict[str, float]:
    """Z of every other task to the target; NaN for a task without gradient, or if the target's loss is zero.

    ``losses`` and ``gradients`` are those at the parameters as they are. ``loss_of_target`` computes the target's anew,
    without gradients, while the parameters are moved; they are put back to the bit.
    """
    found: dict[str, float] = {}
    for task, gradient in gradients.items():
        if task == target:
            continue
        rate = _rate(losses[task], gradient, parameters)
        if rate == 0 or losses[target] == 0:
            found[task] = float("nan")
            continue
        with _moved(parameters, gradient, rate):
            found[task] = 1 - loss_of_target() / losses[target]
    return found


def _rate(loss: float, gradient: Sequence[Tensor], parameters: Sequence[nn.Parameter]) -> float:
    """The step size, 0 if there is no direction to go."""
    norm = float(nn.utils.get_total_norm(gradient))
    if not norm > 0:
        return 0.0
    longest = LONGEST * float(nn.utils.get_total_norm([parameter.detach() for parameter in parameters]))
    return min(DECREASE * abs(loss) / norm, longest) / norm


@contextmanager
def _moved(parameters: Sequence[nn.Parameter], gradient: Sequence[Tensor], rate: float) -> Iterator[None]:
    """Let the parameters stand one step further for a while."""
    with torch.no_grad():
        kept = [parameter.clone() for parameter in parameters]
        try:
            for parameter, direction in zip(parameters, gradient, strict=True):
                parameter.sub_(direction, alpha=rate)
            yield
        finally:
            for parameter, value in zip(parameters, kept, strict=True):
                parameter.copy_(value)
