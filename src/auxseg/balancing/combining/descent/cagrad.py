"""CAGrad: the direction near the mean gradient that improves the worst task most."""

from __future__ import annotations

from typing import Annotated, Literal, final

import numpy as np
import torch
from jaxtyping import Float, Float64
from pydantic import Field
from scipy.optimize import minimize
from torch import Tensor

from auxseg.balancing.combining.method import GramMethod, NoAnswerError, Rows, unit_scaled
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.config import config


@final
class CAGrad(GramMethod):
    """``d`` maximises ``min_i g_i . d`` in the ball ``|d - g_0| <= c |g_0|`` around the mean gradient ``g_0``.

    So ``d = g_0 + c |g_0| g_w / |g_w|`` with ``g_w = sum_i w_i g_i``, where w, of 0 or more and with the sum 1,
    minimises ``g_w . g_0 + c |g_0| |g_w|``. With c = 0 d is the mean.

    Source: Liu, Liu, Jin, Stone and Liu, Conflict-Averse Gradient Descent for Multi-task Learning, NeurIPS 2021,
    https://arxiv.org/abs/2110.14048, algorithm 1, without the division by ``1 + c^2`` of its code. The problem of K
    numbers is solved by scipy's SLSQP, as there; `torchjd.aggregation.CAGrad` needs two more packages for it. Cost: K
    backward passes. State: none.
    """

    def __init__(self, c: float) -> None:
        super().__init__()
        self.c = c

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights."""
        products = unit_scaled(gramian)[0].numpy()
        mean = np.full(len(products), 1 / len(products))
        radius = self.c * np.sqrt(max(mean @ products @ mean, 0.0))
        if radius == 0:
            return torch.from_numpy(mean)

        def value(weights: np.ndarray) -> float:
            return float(weights @ products @ mean + radius * _norm(products, weights))

        def slope(weights: np.ndarray) -> np.ndarray:
            return products @ mean + radius * (products @ weights) / max(_norm(products, weights), 1e-12)

        found = minimize(
            value,
            mean,
            jac=slope,
            method="SLSQP",
            bounds=[(0, 1)] * len(mean),
            constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1, "jac": np.ones_like},
            options={"ftol": 1e-12, "maxiter": 200},
        )
        if not found.success and found.status != 8:  # 8: no step is better any more, within rounding
            raise NoAnswerError(found.message)
        norm = _norm(products, found.x)
        return torch.from_numpy(mean + (radius / norm) * found.x if norm > 1e-6 else np.zeros_like(mean))


def _norm(products: np.ndarray, weights: np.ndarray) -> float:
    return float(np.sqrt(max(weights @ products @ weights, 0.0)))


@config
class CAGradConfig(CombiningConfig):
    """Settings of `CAGrad`, the direction near the mean gradient that improves the worst task most.

    ``c`` says how far from the mean it may be, as a share of the mean's length.
    """

    kind: Literal["cagrad"] = "cagrad"
    c: Annotated[float, Field(ge=0, lt=1)] = 0.5

    def method(self, target: str, seed: int) -> CAGrad:
        """Make the rule."""
        return CAGrad(self.c)
