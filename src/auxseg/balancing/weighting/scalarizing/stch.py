"""STCH: the largest loss counts, smoothly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, final

from pydantic import Field

from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import Memoryless, WeightedConfig, shares
from auxseg.config import config


@final
class SmoothTchebycheff(Memoryless):
    """Follows the gradient of ``K mu ln sum_i exp(L_i / mu)``, a smooth form of K times the largest loss.

    That is the weighted sum of the losses with the weights ``K softmax(L / mu)``.

    Source: Lin, Zhang, Yang, Liu, Wang and Zhang, Smooth Tchebycheff Scalarization for Multi-Objective Optimization,
    ICML 2024, https://arxiv.org/abs/2402.19078, with 0 as the ideal point. The weights sum to the number of tasks K, so
    that a learning rate suits them as it suits equal weights; in `torchjd.scalarization.STCH`, the reference in the
    tests, to the mean preference. State: none.
    """

    uses_losses = True

    def __init__(self, mu: float) -> None:
        super().__init__()
        self.mu = mu

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The slopes of the function."""
        found = shares({name: loss / self.mu for name, loss in losses.items()}, dict.fromkeys(losses, 1.0))
        return {name: len(losses) * share for name, share in found.items()}


@config
class SmoothTchebycheffConfig(WeightedConfig):
    """Settings of STCH, with which the largest loss counts; ``weights`` scale the losses that it sees.

    The larger ``mu``, the more alike the weights.
    """

    kind: Literal["stch"] = "stch"
    mu: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        return WeightedLosses(SmoothTchebycheff(self.mu), self.scales(tasks), self.gate)
