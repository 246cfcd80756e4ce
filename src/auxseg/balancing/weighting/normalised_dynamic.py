"""Normalised dynamic weights: each loss's progress against that of all losses together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, final

from pydantic import Field

from auxseg.balancing.weighting.history import HistoryConfig, HistoryWeighting, Period
from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import shares, switched_on
from auxseg.config import config

Total = Literal["divides", "multiplies"]
"""What the change of the sum of all losses does to that of a task's."""


@final
class NormalisedDynamic(HistoryWeighting):
    """Weighs task i of K with ``K exp(r_i / (R T)) / sum_j exp(r_j / (R T))``.

    ``r_i = L_i(t-1) / L_i(t-2)`` compares a task's mean losses of the last two periods, ``R`` does the same for the
    sum of all losses, and T is the temperature. As in `DynamicWeightAverage` the task that learns slowest counts most,
    but what matters is progress against the whole, which does not fade when all losses level off or fall fast. It is
    1 for all until there are two periods. With ``total: multiplies`` the exponent is ``r_i R / T`` instead, which
    sharpens or flattens the weights by how fast everything learns. A variant without a paper of its own.
    """

    def __init__(self, tasks: Sequence[str], temperature: float, total: Total, every: Period) -> None:
        super().__init__(every)
        self.tasks, self.temperature, self.total = list(tasks), temperature, total

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The weights, from the last two periods."""
        whole = self.history.ratio(*self.tasks)
        factor = (whole if self.total == "multiplies" else 1 / whole) / self.temperature
        exponents = {name: self.history.ratio(name) * factor for name in self.tasks}
        weights = shares(exponents, dict.fromkeys(self.tasks, 1.0))
        return {name: len(self.tasks) * share for name, share in weights.items()}


@config
class NormalisedDynamicConfig(HistoryConfig):
    """Settings of `NormalisedDynamic`; ``weights`` scale the losses that it sees.

    The higher the ``temperature``, the more alike the weights; ``total`` says what the sum of all losses does to them.
    """

    kind: Literal["normalised-dynamic"] = "normalised-dynamic"
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    total: Total = "divides"

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        scales = self.scales(tasks)
        weighting = NormalisedDynamic(switched_on(scales), self.temperature, self.total, self.every)
        return WeightedLosses(weighting, scales, self.gate)
