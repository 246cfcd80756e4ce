"""PCGrad: gradients that conflict are projected onto each other's normal plane."""

from __future__ import annotations

from typing import Literal

from auxseg.balancing.combining.method import GramMethod
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.torchjd_rules import GramRule
from auxseg.config import config


@config
class PCGradConfig(CombiningConfig):
    """Settings of PCGrad, which takes away what conflicts between each pair of gradients.

    ``d = sum_i g_i'``, where ``g_i' -= (g_i' . g_j) / |g_j|^2 g_j`` wherever ``g_i' . g_j < 0``.

    The other tasks j are visited in random order, which matters from three tasks on. Without conflicts d is the sum.

    Source: Yu et al., Gradient Surgery for Multi-Task Learning, NeurIPS 2020, https://arxiv.org/abs/2001.06782, in the
    form of torchjd. There the order depends on what was drawn before; here on seed and step alone, so that all
    processes and a resumed run draw the same. Cost: K backward passes. State: none.
    """

    kind: Literal["pcgrad"] = "pcgrad"

    def method(self, target: str, seed: int) -> GramMethod:
        """Make the rule."""
        from torchjd.aggregation import PCGradWeighting

        return GramRule(PCGradWeighting, seed=seed)
