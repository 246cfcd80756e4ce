"""ConFIG: one direction that has the same cosine with every gradient."""

from __future__ import annotations

from typing import Final, Literal, final

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from auxseg.balancing.combining.method import GramMethod, Rows, unit_scaled
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.config import config

SMALLEST: Final = 1e-6
"""Eigenvalues of the matrix of cosines below this share of the largest count as zero: float32 knows no smaller."""


@final
class ConflictFree(GramMethod):
    """``d = (sum_i g_i . e) e`` along the unit vector e of ``U^+ 1``, ``U`` having the gradients' unit vectors as rows.

    Where the gradients are independent, ``u_i . e`` is the same for all of them.

    Source: Liu, Chu and Thuerey, ConFIG: Towards Conflict-free Training of Physics Informed Neural Networks, ICLR 2025,
    https://arxiv.org/abs/2408.11104, equation 2. The result is that of `torchjd.aggregation.ConFIG`, found from the
    Gram matrix alone: ``U^+ = U' (U U')^+``. A task whose gradient is zero is left out. Cost: K backward passes. State:
    none.
    """

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights."""
        scaled, _ = unit_scaled(gramian)
        norms = scaled.diagonal().sqrt()
        inverse = torch.where(norms > 0, 1 / norms, 0.0)
        cosines = scaled * inverse[:, None] * inverse[None, :]
        along = inverse * (torch.linalg.pinv(cosines, hermitian=True, rtol=SMALLEST) @ torch.ones_like(norms))
        length = (along @ scaled @ along).clamp(min=0).sqrt()
        if length <= SMALLEST:  # the unit vectors cancel: no direction is better than none
            return torch.zeros_like(norms)
        along = along / length
        return (scaled @ along).sum() * along


@config
class ConflictFreeConfig(CombiningConfig):
    """Settings of ConFIG, whose direction has the same cosine with every gradient."""

    kind: Literal["config"] = "config"

    def method(self, target: str, seed: int) -> ConflictFree:
        """Make the rule."""
        return ConflictFree()
