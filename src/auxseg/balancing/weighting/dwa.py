"""Dynamic weight averaging: the slower a loss falls, the more it counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, final

from pydantic import Field

from auxseg.balancing.weighting.history import HistoryConfig, HistoryWeighting, Period
from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import shares, switched_on
from auxseg.config import config


@final
class DynamicWeightAverage(HistoryWeighting):
    """The loss of task i is multiplied with ``P p_i exp(r_i / T) / sum_j p_j exp(r_j / T)``, P being the sum of all p.

    ``r_i = L_i(t-1) / L_i(t-2)`` is the ratio of the mean losses of the last two periods, 1 until there are two, so
    that the first two periods are weighted with the priors ``p``; T is the temperature. With priors of 1, P is the
    number of tasks K, as in the source: Liu, Johns and Davison, End-to-End Multi-Task Learning with Attention, CVPR
    2019, https://arxiv.org/abs/1803.10704, where a period is an epoch. Other priors keep their sum (a factor of K
    instead would change the size of all gradients after the second period). Ratios of losses that are almost zero are
    those of `FLOOR`, and what is remembered is neither forgotten between epochs nor lost when a run is resumed.

    `torchjd.scalarization.DWA`, the reference in the tests, keeps its memory out of the saved state and averages
    micro-batches as if each were a step.
    """

    def __init__(self, priors: Mapping[str, float], temperature: float, every: Period) -> None:
        super().__init__(every)
        self.priors, self.temperature = dict(priors), temperature

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """What the priors, with which the losses are scaled, are multiplied with."""
        exponents = {name: self.history.ratio(name) / self.temperature for name in self.priors}
        total = math.fsum(self.priors.values())
        return {name: total * share / self.priors[name] for name, share in shares(exponents, self.priors).items()}


@config
class DWAConfig(HistoryConfig):
    """Settings of `DynamicWeightAverage`; ``weights`` are the priors.

    The higher the ``temperature``, the more alike the weights.
    """

    kind: Literal["dwa"] = "dwa"
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2.0

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        scales = self.scales(tasks)
        priors = {name: scales[name] for name in switched_on(scales)}
        return WeightedLosses(DynamicWeightAverage(priors, self.temperature, self.every), scales, self.gate)
