"""GradNorm: weights that keep the tasks' gradients in proportion to how slowly they learn."""

from __future__ import annotations

import copy
import math
from typing import Annotated, Any, Final, Literal, final

import torch
from jaxtyping import Float, Float64
from pydantic import Field
from torch import Tensor

from auxseg.balancing.combining.method import GramMethod, Rows
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.config import config

SMALLEST: Final = 1e-3
"""No weight falls below it: the paper's steps could make weights negative."""


@final
class GradNorm(GramMethod):
    """``d = sum_i w_i g_i``, where w follows ``min sum_i | w_i |g_i| - N r_i^alpha |`` by a step each time.

    N is the mean of all ``w_j |g_j|``, held fixed, and ``r_i`` how far task i lags behind: its loss over its first one,
    divided by the mean of that over the tasks. After each step the weights are scaled to their number K as sum.

    Source: Chen, Badrinarayanan, Lee and Rabinovich, GradNorm: Gradient Normalization for Adaptive Loss Balancing in
    Deep Multitask Networks, ICML 2018, https://arxiv.org/abs/1711.02257. Departures: the norms are those of all shared
    parameters, where the paper takes the last shared layer; w steps along its slope divided by the mean norm, so that
    ``step_size`` has no unit; heads get their own tasks' gradients. Cost: K backward passes.
    State: a weight and the first loss by task.
    """

    def __init__(self, alpha: float, step_size: float) -> None:
        super().__init__()
        self.alpha, self.step_size = alpha, step_size
        self._state: dict[str, dict[str, float]] = {"weights": {}, "first": {}}

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights, after their step."""
        known, first = self._state["weights"], self._state["first"]
        for name in rows.names:
            known.setdefault(name, 1.0)
            first.setdefault(name, max(rows.losses[name], 1e-12))
        norms = gramian.diagonal().sqrt()
        weights = torch.tensor([known[name] for name in rows.names], dtype=torch.float64)
        ratios = torch.tensor([rows.losses[name] / first[name] for name in rows.names], dtype=torch.float64)
        lag = ratios / ratios.mean() if ratios.mean() > 0 else torch.ones_like(ratios)
        mean = (weights * norms).mean()
        slope = norms * torch.sign(weights * norms - mean * lag.clamp(min=0) ** self.alpha) / norms.mean()
        moved = (weights - self.step_size * slope).clamp(min=SMALLEST)
        moved = moved * (math.fsum(weights.tolist()) / moved.sum())  # of these tasks alone: the others keep theirs
        known.update(zip(rows.names, moved.tolist(), strict=True))
        return moved

    def get_extra_state(self) -> dict[str, Any]:
        """The weights and the first losses."""
        return copy.deepcopy(self._state)

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self._state = copy.deepcopy(state)


@config
class GradNormConfig(CombiningConfig):
    """Settings of `GradNorm`, whose weights keep the gradients in proportion to how slowly the tasks learn.

    The higher ``alpha``, the more a task counts that lags behind; ``step_size`` is that of the weights.
    """

    kind: Literal["gradnorm"] = "gradnorm"
    alpha: Annotated[float, Field(ge=0, le=100)] = 1.5
    step_size: Annotated[float, Field(gt=0, le=1)] = 0.025

    def method(self, target: str, seed: int) -> GradNorm:
        """Make the rule."""
        return GradNorm(self.alpha, self.step_size)
