"""MoDo: weights that follow the shortest vector by one step at a time."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from auxseg.balancing.combining.method import GramMethod
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.torchjd_rules import GramRule
from auxseg.config import config


@config
class MoDoConfig(CombiningConfig):
    """Settings of MoDo, whose weights take one step at a time to those of MGDA.

    ``d = sum_i w_i g_i``, where w takes one projected step ``w - gamma (G w + rho w)`` at a time.

    G has the gradients' inner products, and w stays at 0 or more with the sum 1. ``gamma`` is the size of the step, for
    gradients as large as they are; ``rho`` draws w to equal weights.

    Source: Chen, Fernando, Ying and Chen, Three-Way Trade-Off in Multi-Objective Learning: Optimization, Generalization
    and Conflict-Avoidance, JMLR 2024, https://arxiv.org/abs/2305.20057, in the form of torchjd. Departure: the paper's
    G is that of two independent batches, here of the whole step (as in `SDMGradConfig`). Cost: K backward passes.
    State: w, for every set of tasks that had labels together.
    """

    kind: Literal["modo"] = "modo"
    gamma: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1
    rho: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.1

    def method(self, target: str, seed: int) -> GramMethod:
        """Make the rule."""
        from torchjd.aggregation import MoDoWeighting

        return GramRule(lambda: MoDoWeighting(gamma=self.gamma, rho=self.rho), is_scaled=False)
