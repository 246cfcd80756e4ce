"""GradVac: gradients are turned towards each other until they agree as much as they usually do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from auxseg.balancing.combining.method import GramMethod
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.torchjd_rules import GramRule
from auxseg.config import config


@config
class GradVacConfig(CombiningConfig):
    """Settings of GradVac, which turns conflicting gradients towards each other.

    It is like PCGrad, but each pair of gradients is turned until its cosine is the usual one.

    The usual cosine of a pair is a moving average, in which a step counts ``beta``. Where the cosine ``f`` of
    ``g_i'`` and ``g_j`` is below the average ``F``: ``g_i' += |g_i'| (F sqrt(1 - f^2) - f sqrt(1 - F^2)) / (|g_j|
    sqrt(1 - F^2)) g_j``. d is the sum.

    Source: Wang, Tsvetkov, Firat and Cao, Gradient Vaccine: Investigating and Improving Multi-task Optimization in
    Massively Multilingual Models, ICLR 2021, https://arxiv.org/abs/2010.05874, in the form of torchjd, with one cosine
    for all shared parameters; the order of tasks is drawn as in `PCGradConfig`. Cost: K backward passes. State: a
    number per pair of tasks, for every set of tasks that had labels together.
    """

    kind: Literal["gradvac"] = "gradvac"
    beta: Annotated[float, Field(gt=0, le=1)] = 0.5

    def method(self, target: str, seed: int) -> GramMethod:
        """Make the rule."""
        from torchjd.aggregation import GradVacWeighting

        return GramRule(lambda: GradVacWeighting(beta=self.beta), seed=seed)
