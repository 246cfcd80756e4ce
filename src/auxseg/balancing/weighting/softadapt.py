"""SoftAdapt: a softmax over how much each loss changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, final

from pydantic import Field

from auxseg.balancing.weighting.history import HistoryConfig, HistoryWeighting, Period
from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import shares, switched_on
from auxseg.config import config

Variant = Literal["plain", "normalised", "loss-weighted", "normalised-loss-weighted"]


@final
class SoftAdapt(HistoryWeighting):
    """Weighs task i of K with ``K f_i exp(beta s_i) / sum_j f_j exp(beta s_j)``.

    ``s_i`` is the mean loss of the last period less that of the one before, so that with a positive ``beta`` the task
    whose loss falls slowest (or grows fastest) counts most; all weights are 1 until there are two periods. ``f`` is 1.
    The variants, which may be combined: ``normalised`` divides every s by ``sum_j |s_j|``, which frees it of the unit
    of the losses; ``loss-weighted`` sets ``f_i`` to the mean loss of the last period.

    Source: Heydari, Thompson and Mehmood, SoftAdapt: Techniques for Adaptive Loss Weighting of Neural Networks with
    Multi-Part Loss Functions, 2019, https://arxiv.org/abs/1912.12355, with the simplest finite difference for s.
    There the weights sum to 1; here to K, so that a learning rate suits this weighting as it suits equal weights.
    """

    def __init__(self, tasks: Sequence[str], beta: float, variant: Variant, every: Period) -> None:
        super().__init__(every)
        self.tasks, self.beta, self.variant = list(tasks), beta, variant

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The weights, from the last two periods."""
        changes = {name: self.history.change(name) for name in self.tasks}
        if "normalised" in self.variant:
            size = math.fsum(abs(change) for change in changes.values())
            changes = {name: change / size if size > 0 else 0.0 for name, change in changes.items()}
        factors = self._means() if "loss-weighted" in self.variant else dict.fromkeys(self.tasks, 1.0)
        exponents = {name: self.beta * change for name, change in changes.items()}
        return {name: len(self.tasks) * share for name, share in shares(exponents, factors).items()}

    def _means(self) -> dict[str, float]:
        """The last mean losses; ones until all are known, and if all are zero."""
        means = {name: self.history.newer(name) for name in self.tasks}
        known = {name: mean for name, mean in means.items() if mean is not None}
        return known if len(known) == len(means) and any(known.values()) else dict.fromkeys(self.tasks, 1.0)


@config
class SoftAdaptConfig(HistoryConfig):
    """Settings of `SoftAdapt`; ``weights`` scale the losses that it sees.

    ``variant`` is the paper's form; the higher ``beta``, the more a loss that falls slowly counts.
    """

    kind: Literal["softadapt"] = "softadapt"
    variant: Variant = "plain"
    beta: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        scales = self.scales(tasks)
        weighting = SoftAdapt(switched_on(scales), self.beta, self.variant, self.every)
        return WeightedLosses(weighting, scales, self.gate)
