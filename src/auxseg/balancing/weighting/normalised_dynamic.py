"""Normalised dynamic weights: each loss's progress against that of all losses together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Literal, final

from pydantic import Field

from auxseg.balancing.weighting.history import LossHistory, Period
from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import WeightedConfig, Weighting, shares, switched_on
from auxseg.config import config


@final
class NormalisedDynamic(Weighting):
    """Weighs task i of K with ``K exp(r_i / (R T)) / sum_j exp(r_j / (R T))``.

    ``r_i = L_i(t-1) / L_i(t-2)`` compares a task's mean losses of the last two periods, ``R`` does the same for the
    sum of all losses, and T is the temperature. As in `DynamicWeightAverage` the task that learns slowest counts most,
    but what matters is progress against the whole, which does not fade when all losses level off or fall fast. It is
    1 for all until there are two periods. A variant without a paper of its own, of one that multiplied the exponent by
    the changes of the task's loss and of the total loss. Here the second divides: their product sharpens or flattens
    the weights by how fast everything learns, and their quotient stays a task's progress relative to the whole.
    """

    def __init__(self, tasks: Sequence[str], temperature: float, every: Period) -> None:
        super().__init__()
        self.tasks, self.temperature = list(tasks), temperature
        self.history = LossHistory(every)

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The weights, from the last two periods."""
        scale = self.history.ratio(*self.tasks) * self.temperature
        exponents = {name: self.history.ratio(name) / scale for name in self.tasks}
        weights = shares(exponents, dict.fromkeys(self.tasks, 1.0))
        return {name: len(self.tasks) * share for name, share in weights.items()}

    def observe(self, losses: Mapping[str, float], summed: Collection[str]) -> None:
        """Remember them."""
        self.history.add(losses)

    def begin_epoch(self, epoch: int) -> None:
        """Tell the memory."""
        self.history.begin_epoch()


@config
class NormalisedDynamicConfig(WeightedConfig):
    """Settings of `NormalisedDynamic`; ``weights`` scale the losses that it sees."""

    kind: Literal["normalised-dynamic"] = "normalised-dynamic"
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    every: Period = "epoch"

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        scales = self.scales(tasks)
        weighting = NormalisedDynamic(switched_on(scales), self.temperature, self.every)
        return WeightedLosses(weighting, scales, self.gate)
