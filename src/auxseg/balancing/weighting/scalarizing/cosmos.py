"""COSMOS: the sum of the losses, less their cosine with a preferred direction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, final

from pydantic import Field

from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import Memoryless, WeightedConfig
from auxseg.config import config

SMALLEST: Final = 1e-8
"""The least length of the losses, whose cosine has no slope at 0."""


@final
class CosinePenalty(Memoryless):
    """Follows the gradient of ``sum_i L_i - pull cos(1, L)`` of the losses that the recipe's weights scale.

    Source: Ruchte and Grabocka, Scalable Pareto Front Approximation for Deep Multi-Objective Learning, ICDM 2021,
    https://arxiv.org/abs/2103.13392: its objective alone, for one preference, which is in the losses' scales; the paper
    also gives the preference to the network. `torchjd.scalarization.COSMOS` is the reference in the tests. State: none.
    """

    uses_losses = True

    def __init__(self, pull: float) -> None:
        super().__init__()
        self.pull = pull

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The slopes of the function."""
        length = max(math.sqrt(math.fsum(loss**2 for loss in losses.values())), SMALLEST)
        root = math.sqrt(len(losses))
        cosine = math.fsum(losses.values()) / (root * length)
        return {
            name: 1 - self.pull * (1 / (root * length) - cosine * loss / length**2) for name, loss in losses.items()
        }


@config
class CosinePenaltyConfig(WeightedConfig):
    """Settings of COSMOS; ``weights`` scale the losses, which are to be of equal size then.

    ``pull`` is the paper's lambda: how much that counts beside the sum of the losses.
    """

    kind: Literal["cosmos"] = "cosmos"
    pull: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.5

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        return WeightedLosses(CosinePenalty(self.pull), self.scales(tasks), self.gate)
