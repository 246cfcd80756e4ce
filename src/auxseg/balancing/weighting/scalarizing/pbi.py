"""PBI: the losses fall along a preferred direction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, final

from pydantic import Field

from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import Memoryless, WeightedConfig
from auxseg.config import config

SMALLEST: Final = 1e-12
"""Added to the square of a distance, whose slope would not be finite at 0."""


@final
class BoundaryIntersection(Memoryless):
    """Follows the gradient of ``sqrt(K) (d_1 + theta d_2)`` of the losses that the recipe's weights scale.

    ``d_1 = sum_i L_i / sqrt(K)`` is how far they are from zero along the diagonal, and ``d_2`` how far off it. With the
    losses of equal size after scaling, every weight is 1; a loss that is far below the others gets a weight below 0.

    Source: Zhang and Li, MOEA/D: A Multiobjective Evolutionary Algorithm Based on Decomposition, IEEE Transactions on
    Evolutionary Computation 11, 2007, https://doi.org/10.1109/TEVC.2007.892759, with 0 as the ideal point and the
    preference in the losses' scales. ``sqrt(K)`` makes a learning rate suit these weights as it suits equal ones.
    `torchjd.scalarization.PBI` is the reference in the tests. State: none.
    """

    uses_losses = True

    def __init__(self, theta: float) -> None:
        super().__init__()
        self.theta = theta

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The slopes of the function."""
        mean = math.fsum(losses.values()) / len(losses)
        off = {name: loss - mean for name, loss in losses.items()}
        distance = math.sqrt(math.fsum(each**2 for each in off.values()) + SMALLEST)
        factor = self.theta * math.sqrt(len(losses)) / distance
        return {name: 1 + factor * each for name, each in off.items()}


@config
class BoundaryIntersectionConfig(WeightedConfig):
    """Settings of PBI; ``weights`` scale the losses, which are to be of equal size then.

    ``theta`` is what it costs to be off that direction.
    """

    kind: Literal["pbi"] = "pbi"
    theta: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.5

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        return WeightedLosses(BoundaryIntersection(self.theta), self.scales(tasks), self.gate)
