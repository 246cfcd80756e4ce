"""Krum: the gradient that is nearest to its neighbours."""

from __future__ import annotations

from typing import ClassVar, Final, Literal, final

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from auxseg.balancing.combining.method import GramMethod, Rows, unit_scaled
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.config import config

TIE: Final = 1e-5
"""Sums of distances that differ by less than this share are equal."""


@final
class Krum(GramMethod):
    """``d`` is the gradient with the smallest sum of distances to its K - 2 nearest others.

    Source: Blanchard, El Mhamdi, Guerraoui and Stainer, Machine Learning with Adversaries: Byzantine Tolerant Gradient
    Descent, NeurIPS 2017, https://arxiv.org/abs/1703.02757, with no row taken for hostile and distances that are not
    squared, as in torchjd. Two of three gradients are each other's nearest, a tie that torchjd leaves to rounding; here
    the target wins, else the first name. Made for workers that may lie, not for tasks: most tasks have no say in a
    step. A step with two tasks takes their mean. Cost: K backward passes. State: none.
    """

    num_tasks_needed = 3

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """One for the chosen task, zero for the others."""
        scaled, _ = unit_scaled(gramian)
        squares = scaled.diagonal()
        distances = (squares[:, None] + squares[None, :] - 2 * scaled).clamp(min=0).sqrt()
        nearest, _ = distances.fill_diagonal_(0.0).sort(dim=1)
        scores = nearest[:, 1:-1].sum(dim=1)  # without itself, and without the farthest
        chosen = int((scores <= scores.min() * (1 + TIE)).nonzero()[0])
        return torch.eye(len(scaled), dtype=torch.float64)[chosen]


@config
class KrumConfig(CombiningConfig):
    """Settings of `Krum`, which follows the gradient nearest to its neighbours, of three tasks or more."""

    fewest_tasks: ClassVar[int] = 3
    kind: Literal["krum"] = "krum"

    def method(self, target: str, seed: int) -> Krum:
        """Make the rule."""
        return Krum()
