"""The geometric loss: tasks of any unit on one footing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal, final

from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import Memoryless, WeightedConfig, switched_on
from auxseg.config import config

SMALLEST: Final = 1e-6
"""Losses below it count as this much, where the gradient of a logarithm would not be finite."""


@final
class GeometricWeighting(Memoryless):
    """Follows the gradient of the geometric mean ``G = (prod_i L_i^p_i)^(1 / sum_j p_j)`` of the losses.

    That is the weighted sum of the losses' gradients with the weights ``G p_i / (L_i sum_j p_j)``. A task without a
    label in a step, behind a gate or of weight 0 is left out of product and root, and does not make either zero.

    Source: Chennupati et al., MultiNet++: Multi-Stream Feature Aggregation and Geometric Loss Strategy for Multi-Task
    Learning, CVPR Workshops 2019, https://arxiv.org/abs/1904.08492, where every p is 1. The weights need the losses of
    the whole step, which `torchjd.scalarization.GeometricMean`, the reference in the tests, wants in one graph.
    """

    uses_losses = True

    def __init__(self, powers: Mapping[str, float]) -> None:
        super().__init__()
        self.powers = dict(powers)

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The derivative of the mean by each loss."""
        losses = {name: max(loss, SMALLEST) for name, loss in losses.items()}
        total = math.fsum(self.powers[name] for name in losses)
        mean = math.exp(math.fsum(self.powers[name] / total * math.log(loss) for name, loss in losses.items()))
        return {name: mean * self.powers[name] / (loss * total) for name, loss in losses.items()}


@config
class GeometricConfig(WeightedConfig):
    """Settings of `GeometricWeighting`; ``weights`` are the powers, since a factor on a loss changes nothing here."""

    kind: Literal["geometric"] = "geometric"

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        powers = self.scales(tasks)
        on = switched_on(powers)
        scales = {name: float(name in on) for name in tasks}
        return WeightedLosses(GeometricWeighting({name: powers[name] for name in on}), scales, self.gate)
