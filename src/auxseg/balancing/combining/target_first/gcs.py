"""Gradient cosine similarity: an auxiliary takes part only while it agrees with the target."""

from __future__ import annotations

from typing import Literal, final

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from auxseg.balancing.combining.method import Rows
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.target_first.target_first import TargetFirst, agreement
from auxseg.config import config

Form = Literal["gated", "weighted"]


@final
class CosineGate(TargetFirst):
    """``d = g_t + sum_a w_a g_a`` with the cosine of an auxiliary's gradient and the target's.

    - ``gated``: ``w_a`` is 1 if the cosine is 0 or more, else 0.
    - ``weighted``: ``w_a = max(cosine, 0)``.

    Source: Du et al., Adapting Auxiliary Losses Using Gradient Similarity, 2018, https://arxiv.org/abs/1812.02224, both
    forms. An auxiliary's head always learns. Cost: K backward passes. State: none.
    """

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form: Form = form

    def weigh_auxiliaries(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """1 for the target."""
        cosines = agreement(gramian)
        weights = (cosines >= 0).double() if self.form == "gated" else cosines.clamp(min=0)
        return torch.cat([torch.ones(1, dtype=torch.float64), weights[1:]])


@config
class CosineGateConfig(CombiningConfig):
    """Settings of `CosineGate`, which lets an auxiliary take part while its gradient agrees with the target's.

    ``form`` says whether it takes part fully then, or by as much as it agrees.
    """

    kind: Literal["gcs"] = "gcs"
    form: Form = "gated"

    def method(self, target: str, seed: int) -> CosineGate:
        """Make the rule."""
        return CosineGate(self.form)
