"""DB-MTL: every loss by its logarithm, and every gradient as long as the longest."""

from __future__ import annotations

from typing import Final, Literal, final

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from auxseg.balancing.combining.method import GramMethod, Rows
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.config import config

SMALLEST: Final = 1e-8
"""Losses below it count as this much, where the gradient of a logarithm would not be finite."""


@final
class DualBalancing(GramMethod):
    """``d = max_j |h_j| sum_i h_i / |h_i|`` with the gradients ``h_i = g_i / L_i`` of the losses' logarithms.

    So neither the sizes of the losses nor those of the gradients matter. A gradient of zero stays zero.

    Source: Lin et al., Dual-Balancing for Multi-Task Learning, 2023, https://arxiv.org/abs/2308.12029. Departures: the
    paper averages ``h`` over steps, which would take a copy of all gradients (its code leaves that out by default); and
    heads get the gradients of the losses themselves. Cost: K backward passes. State: none.
    """

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights."""
        norms = gramian.diagonal().sqrt()
        losses = torch.tensor([max(rows.losses[name], SMALLEST) for name in rows.names], dtype=torch.float64)
        return torch.where(norms > 0, (norms / losses).max() / norms, 0.0)


@config
class DualBalancingConfig(CombiningConfig):
    """Settings of DB-MTL, which takes losses by their logarithm and makes gradients as long as the longest."""

    kind: Literal["db-mtl"] = "db-mtl"

    def method(self, target: str, seed: int) -> DualBalancing:
        """Make the rule."""
        return DualBalancing()
