"""IMTL-G: a direction with the same projection onto every gradient."""

from __future__ import annotations

from typing import Literal

from auxseg.balancing.combining.method import GramMethod
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.torchjd_rules import GramRule
from auxseg.config import config


@config
class IMTLGConfig(CombiningConfig):
    """Settings of IMTL-G, whose direction has the same projection onto every gradient.

    ``d = sum_i w_i g_i`` with the sum 1 of w and the same ``d . g_i / |g_i|`` for all i.

    A weight may be negative. Two tasks: ``w_1 = |g_2| / (|g_1| + |g_2|)``.

    Source: Liu et al., Towards Impartial Multi-task Learning, ICLR 2021, https://openreview.net/forum?id=IMPnRXEWpvr,
    in the form of torchjd, which also takes gradients that depend on each other. Cost: K backward passes. State: none.
    """

    kind: Literal["imtl-g"] = "imtl-g"

    def method(self, target: str, seed: int) -> GramMethod:
        """Make the rule."""
        from torchjd.aggregation import IMTLGWeighting

        return GramRule(IMTLGWeighting)
