"""PCGrad with a target: only auxiliaries are projected, and only off the target."""

from __future__ import annotations

from typing import Literal, final

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from auxseg.balancing.combining.method import Rows
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.target_first.target_first import TargetFirst
from auxseg.config import config


@final
class TargetPCGrad(TargetFirst):
    """``d = g_t + sum_a g_a'``, where ``g_a' = g_a - (g_a . g_t) / |g_t|^2 g_t`` if ``g_a . g_t < 0``, else ``g_a``.

    So ``d . g_t >= |g_t|^2``: to first order no auxiliary slows the target down. What the auxiliaries do to each other
    is left alone.

    The projection is that of Yu et al., Gradient Surgery for Multi-Task Learning, NeurIPS 2020,
    https://arxiv.org/abs/2001.06782, which treats all tasks alike. The code of ForkMerge (Jiang et al., NeurIPS 2023,
    https://arxiv.org/abs/2301.12618) has this rule too, as `PriPCGrad` (https://github.com/thuml/ForkMerge). Cost: K
    backward passes. State: none.
    """

    def weigh_auxiliaries(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """1 for the auxiliaries, and for the target 1 and what they are projected by."""
        weights = torch.ones(len(gramian), dtype=torch.float64)
        if gramian[0, 0] > 0:
            weights[0] -= (gramian[0, 1:].clamp(max=0) / gramian[0, 0]).sum()
        return weights


@config
class TargetPCGradConfig(CombiningConfig):
    """Settings of `TargetPCGrad`, which takes the part against the target off every auxiliary's gradient."""

    kind: Literal["target-pcgrad"] = "target-pcgrad"

    def method(self, target: str, seed: int) -> TargetPCGrad:
        """Make the rule."""
        return TargetPCGrad()
