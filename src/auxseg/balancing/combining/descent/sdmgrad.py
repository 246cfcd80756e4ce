"""SDMGrad: the shortest vector near a preferred direction, approached by a few steps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from auxseg.balancing.combining.method import GramMethod
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.torchjd_rules import GramRule
from auxseg.config import config


@config
class SDMGradConfig(CombiningConfig):
    """Settings of SDMGrad, which draws the shortest weighted mean of the gradients to their plain mean.

    ``d = (sum_i w_i g_i + lambda g_0) / (1 + lambda)`` with the mean gradient ``g_0``.

    The weights w, of 0 or more and with the sum 1, follow ``min |sum_i w_i g_i + lambda g_0|^2`` by 20 projected
    gradient steps from those of the step before. ``pull`` is the paper's lambda: the larger, the nearer to the mean.

    Source: Xiao, Ban and Ji, Direction-oriented Multi-objective Learning: Simple and Provable Stochastic Algorithms,
    NeurIPS 2023, https://arxiv.org/abs/2305.18409, in the form of torchjd. Departure: the paper multiplies the
    gradients of two independent batches, and steps along those of a third; here all are those of the whole step, as in
    its analysis without noise, because parts of a step may not change its result. Cost: K backward passes. State: w,
    for every set of tasks that had labels together.
    """

    kind: Literal["sdmgrad"] = "sdmgrad"
    pull: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.3

    def method(self, target: str, seed: int) -> GramMethod:
        """Make the rule."""
        from torchjd.aggregation import SDMGradWeighting

        return GramRule(lambda: SDMGradWeighting(lambda_=self.pull))
