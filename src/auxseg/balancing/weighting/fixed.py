"""Fixed weights: the strong, cheap baseline of every comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from auxseg.balancing.weighting.equal import EqualWeighting
from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import WeightedConfig
from auxseg.config import config


@config
class FixedConfig(WeightedConfig):
    """Settings of ``sum_i c_i L_i`` with constant ``weights`` ``c``, 1 unless told.

    Source: Kurin et al., In Defense of the Unitary Scalarization for Deep Multi-Task Learning, NeurIPS 2022,
    https://arxiv.org/abs/2201.04122.
    """

    kind: Literal["fixed"] = "fixed"

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        return WeightedLosses(EqualWeighting(), self.scales(tasks), self.gate)
