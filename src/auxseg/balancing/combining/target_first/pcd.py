"""PCD: the target's gradient, turned no more than each auxiliary needs for some progress."""

from __future__ import annotations

from typing import Annotated, Literal, final

from jaxtyping import Float, Float64
from pydantic import Field
from torch import Tensor

from auxseg.balancing.combining.method import Rows
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.target_first.target_first import TargetFirst
from auxseg.balancing.combining.torchjd_rules import GramRule
from auxseg.config import config


@final
class PriorityConstrained(TargetFirst):
    """``d`` is nearest to the target's gradient among those with ``h_a . d >= tau |h_a|^2`` for every auxiliary a.

    ``h = g / sqrt(v)`` are gradients divided by their usual size: v is a moving average of ``|g|^2``, of which ``beta``
    is kept in a step. d then gets the length of the target's gradient. If the auxiliaries cannot all be satisfied, d is
    the target's gradient.

    Source: Varam and AlHajri, Not All Objectives Are Born Equal: Priority-Constrained Descent for Hierarchical
    Multi-Objective Optimization, TMLR 2026, https://arxiv.org/abs/2606.29521,
    https://openreview.net/forum?id=HT01yGHLEt, in the form of torchjd. torchjd forgets the averages when the number of
    rows changes; here every set of tasks that had labels together has its own. Nothing is added to the averages before
    they divide. Cost: K backward passes. State: the averages.
    """

    def __init__(self, rule: GramRule) -> None:
        super().__init__()
        self.rule = rule

    def weigh_auxiliaries(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """What torchjd says."""
        return self.rule.weigh(gramian, rows)


@config
class PriorityConstrainedConfig(CombiningConfig):
    """Settings of PCD, which turns the target's gradient no more than each auxiliary needs for some progress.

    ``tau`` is the progress that each gets, as a share of what a step along its own gradient would give; ``beta`` how
    much of the averages of the gradients' sizes is kept in a step.
    """

    kind: Literal["pcd"] = "pcd"
    tau: Annotated[float, Field(ge=0, le=1)] = 0.02
    beta: Annotated[float, Field(ge=0, lt=1)] = 0.999

    def method(self, target: str, seed: int) -> PriorityConstrained:
        """Make the rule."""
        from torchjd.aggregation import PCDWeighting

        return PriorityConstrained(
            GramRule(lambda: PCDWeighting(tau=self.tau, beta=self.beta, eps=0.0), is_scaled=False)
        )
