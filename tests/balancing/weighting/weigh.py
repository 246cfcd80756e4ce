"""The weights that a balancer gives after losses it was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from auxseg.balancing import Step
from tests.balancing.problem import nothing


def weigh_after(
    settings: Any, history: Sequence[Mapping[str, float]], steps_per_epoch: int = 1, seed: int = 0
) -> dict[str, float]:
    """The weights of the step that follows these steps' losses."""
    tasks = list(history[0])
    balancer = settings.build(tasks, tasks[0], seed)
    weights = {}
    for number, losses in enumerate([*history, history[-1]]):
        if number % steps_per_epoch == 0:
            balancer.begin_epoch(number // steps_per_epoch)
        parameter = nn.Parameter(torch.ones(()))
        balancer.begin_step(Step(number, 1, frozenset(losses), [parameter]))
        balancer.backward({name: parameter * loss for name, loss in losses.items()})
        weights = balancer.finish(losses, nothing)
    return weights
