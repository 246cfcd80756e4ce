"""DTP: hard tasks first, as the focal loss puts hard pixels first."""

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
"""Average losses below it count as this much."""


@final
class TaskPriorities(AveragingWeighting):
    """``w_i`` is in proportion to ``-(1 - k_i)^gamma ln k_i``, with ``k_i = exp(-E[L_i])`` from past losses.

    The weights sum to the number of tasks K, and are 1 until every task had a loss.

    Source: Guo, Haque, Huang, Yeung and Fei-Fei, Dynamic Task Prioritization for Multitask Learning, ECCV 2018,
    https://doi.org/10.1007/978-3-030-01270-0_17. Departures: there k is a figure of merit such as the accuracy, here
    the typical probability of what is right, ``exp(-loss)``, because figures are measured on validation images, from
    which no training may learn. And the paper's weights have no fixed sum. State: two averages by task.
    """

    def __init__(self, tasks: Sequence[str], gamma: float, beta: float) -> None:
        super().__init__(beta)
        self.tasks, self.gamma = list(tasks), gamma

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The weights, from the losses before this step."""
        means = {name: self.averages.mean(name) for name in self.tasks}
        known = {name: max(mean, SMALLEST) for name, mean in means.items() if mean is not None}
        if len(known) < len(means):
            return dict.fromkeys(self.tasks, 1.0)
        terms = {name: (-math.expm1(-mean)) ** self.gamma * mean for name, mean in known.items()}
        total = math.fsum(terms.values())
        return {name: len(self.tasks) * term / total for name, term in terms.items()}


@config
class TaskPrioritiesConfig(WeightedConfig):
    """Settings of DTP, which puts hard tasks first; ``weights`` scale the losses that it sees.

    The higher ``gamma``, the less an easy task counts; ``beta`` is how much of the averages is kept in a step.
    """

    kind: Literal["dtp"] = "dtp"
    gamma: Annotated[float, Field(ge=0, le=10)] = 1.0
    beta: Annotated[float, Field(ge=0, lt=1)] = 0.95

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        scales = self.scales(tasks)
        return WeightedLosses(TaskPriorities(switched_on(scales), self.gamma, self.beta), scales, self.gate)
