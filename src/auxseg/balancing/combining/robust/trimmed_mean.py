"""Trimmed mean: in every coordinate the mean without the largest and the smallest gradient."""

from __future__ import annotations

from typing import ClassVar, Literal, final

from jaxtyping import Float
from torch import Tensor

from auxseg.balancing.combining.method import MatrixMethod, Rows
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.torchjd_rules import MatrixRule
from auxseg.config import config


@final
class TrimmedMean(MatrixMethod):
    """``d`` has in every coordinate the mean of what is left without the largest and the smallest number.

    Source: Yin, Chen, Ramchandran and Bartlett, Byzantine-Robust Distributed Learning: Towards Optimal Statistical
    Rates, ICML 2018, https://arxiv.org/abs/1803.01498, in the form of torchjd. Made for workers that may lie, not for
    tasks. A step with two tasks takes their mean. Cost: K backward passes, and a copy of all gradients. State: none.
    """

    num_tasks_needed = 3

    def __init__(self, rule: MatrixRule) -> None:
        super().__init__()
        self.rule = rule

    def aggregate(self, matrix: Float[Tensor, "K n"], rows: Rows) -> Float[Tensor, " n"]:
        """The trimmed mean."""
        return self.rule.aggregate(matrix, rows)


@config
class TrimmedMeanConfig(CombiningConfig):
    """Settings of `TrimmedMean`, which leaves out the extremes in every coordinate, of three tasks or more."""

    fewest_tasks: ClassVar[int] = 3
    reads_products: ClassVar[bool] = False
    kind: Literal["trimmed-mean"] = "trimmed-mean"

    def method(self, target: str, seed: int) -> TrimmedMean:
        """Make the rule."""
        from torchjd.aggregation import TrimmedMean as Rule

        return TrimmedMean(MatrixRule(lambda: Rule(trim_number=1)))
