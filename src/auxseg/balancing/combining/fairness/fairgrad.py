"""FairGrad: progress is shared fairly among tasks, by a chosen kind of fairness."""

from __future__ import annotations

from typing import Annotated, Literal, final

from jaxtyping import Float, Float64
from pydantic import Field
from torch import Tensor

from auxseg.balancing.combining.method import GramMethod, Rows, unit_scaled
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.torchjd_rules import GramRule
from auxseg.config import config


@final
class FairGrad(GramMethod):
    """``d = sum_i w_i g_i`` with ``G w = w^(-1/alpha)`` and w above 0.

    With alpha = 1 the shares of progress are those of Nash-MTL; the larger alpha, the more the slowest task gets.

    Source: Ban and Ji, Fair Resource Allocation in Multi-Task Learning, ICML 2024, https://arxiv.org/abs/2402.15638, in
    the form of torchjd, whose solver (scipy's least squares) is given G divided by its largest entry m; the solution
    then is ``m^(-alpha / (1 + alpha))`` times as large. Cost: K backward passes. State: none.
    """

    def __init__(self, rule: GramRule, alpha: float) -> None:
        super().__init__()
        self.rule, self.alpha = rule, alpha

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights."""
        _, largest = unit_scaled(gramian)
        return self.rule.weigh(gramian, rows).double() * largest ** (-self.alpha / (1 + self.alpha))


@config
class FairGradConfig(CombiningConfig):
    """Settings of `FairGrad`, which shares progress fairly among tasks.

    ``alpha`` is the kind of fairness: 1 as Nash-MTL, 2 harmonic, large ones for the slowest task.
    """

    kind: Literal["fairgrad"] = "fairgrad"
    alpha: Annotated[float, Field(gt=0, le=100)] = 2.0

    def method(self, target: str, seed: int) -> FairGrad:
        """Make the rule."""
        from torchjd.aggregation import FairGradWeighting

        return FairGrad(GramRule(lambda: FairGradWeighting(alpha=self.alpha)), self.alpha)
