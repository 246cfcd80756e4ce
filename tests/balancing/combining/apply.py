"""A rule applied to gradients that are given as a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from auxseg.balancing import CombinedGradients, Step
from tests.balancing.problem import COMBINING, nothing

TASKS = ("a", "b", "c", "d")
"""Names of tasks, the target first."""


def balancer(kind: str, num_tasks: int, **settings: Any) -> CombinedGradients:
    """A balancer of so many tasks."""
    return COMBINING[kind](**settings).build(TASKS[:num_tasks], TASKS[0], 3)


def apply(
    built: CombinedGradients,
    matrix: Tensor,
    names: Sequence[str] | None = None,
    losses: Mapping[str, float] | None = None,
    step: int = 0,
) -> tuple[Tensor, dict[str, float]]:
    """The direction and the weights of one step in which the tasks' gradients are the rows of a matrix ``K n``."""
    names = TASKS[: len(matrix)] if names is None else names
    losses = dict.fromkeys(names, 1.0) if losses is None else losses
    parameters = [nn.Parameter(torch.zeros(part)) for part in (1, matrix.shape[1] - 1)]
    built.begin_step(Step(step, 1, frozenset(names), parameters))
    position = torch.cat([*parameters])
    built.backward({name: row @ position for name, row in zip(names, matrix, strict=True)})
    weights = built.finish(losses, nothing)
    return torch.cat([torch.zeros_like(each) if each.grad is None else each.grad for each in parameters]), weights
