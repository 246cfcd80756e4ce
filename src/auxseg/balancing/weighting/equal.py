"""Equal weights: the sum of the losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, final

from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import GatedConfig, Memoryless
from auxseg.config import config


@final
class EqualWeighting(Memoryless):
    """Every weight is 1."""

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """Ones."""
        return dict.fromkeys(losses, 1.0)


@config
class EqualConfig(GatedConfig):
    """Settings of the plain sum of all losses, which `FixedConfig` weights."""

    kind: Literal["equal"] = "equal"

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        return WeightedLosses(EqualWeighting(), dict.fromkeys(tasks, 1.0), self.gate)
