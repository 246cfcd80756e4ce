"""SLAW: losses that vary much count less, as their gradients are large."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, final

from pydantic import Field

from auxseg.balancing.weighting.averaging.averages import AveragingWeighting
from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import WeightedConfig, switched_on
from auxseg.config import config

SMALLEST: Final = 1e-6
"""A task whose deviation is below this share of its mean loss counts as if it were that much."""


@final
class ScaledLosses(AveragingWeighting):
    """``w_i = K (1 / s_i) / sum_j (1 / s_j)`` with the deviation ``s_i = sqrt(E[L_i^2] - E[L_i]^2)`` of past losses.

    The deviation stands for the size of a task's gradient, which is never computed. Weights are 1 until every task that
    is weighed has a deviation.

    Source: Crawshaw and Košecká, SLAW: Scaled Loss Approximate Weighting for Efficient Multi-Task Learning, 2021,
    https://arxiv.org/abs/2109.08218. The averages start with the first loss instead of 0, and are those before the
    step, so that no step waits for its losses. State: two averages by task.
    """

    def __init__(self, tasks: Sequence[str], beta: float) -> None:
        super().__init__(beta)
        self.tasks = list(tasks)

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The weights, from the losses before this step."""
        deviations = {name: math.sqrt(self.averages.variance(name)) for name in self.tasks}
        if not all(deviations.values()):
            return dict.fromkeys(self.tasks, 1.0)
        floors = {name: SMALLEST * (self.averages.mean(name) or 0.0) for name in self.tasks}
        inverse = {name: 1 / max(deviation, floors[name]) for name, deviation in deviations.items()}
        total = math.fsum(inverse.values())
        return {name: len(self.tasks) * each / total for name, each in inverse.items()}


@config
class ScaledLossesConfig(WeightedConfig):
    """Settings of SLAW, with which losses that vary much count less; ``weights`` scale the losses that it sees.

    ``beta`` is how much of the averages is kept in a step.
    """

    kind: Literal["slaw"] = "slaw"
    beta: Annotated[float, Field(ge=0, lt=1)] = 0.99

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        scales = self.scales(tasks)
        return WeightedLosses(ScaledLosses(switched_on(scales), self.beta), scales, self.gate)
