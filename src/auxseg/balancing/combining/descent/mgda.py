"""MGDA: the shortest vector among the weighted means of the gradients.

Shape legend: ``K`` tasks.
"""

from __future__ import annotations

from typing import Final, Literal, final

import numpy as np
import torch
from jaxtyping import Float, Float64
from scipy.optimize import nnls
from torch import Tensor

from auxseg.balancing.combining.method import GramMethod, Rows, unit_scaled
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.config import config

REGULARISATION: Final = 1e-7
"""Added to the diagonal of the cosines, so that they are positive definite."""


@final
class MGDA(GramMethod):
    """``d = sum_i w_i g_i`` with ``w = argmin |d|^2`` over weights of 0 or more that sum to 1.

    No task's loss grows along ``-d``, to first order. A task with a small gradient counts most, and one whose gradient
    is zero stops the step. Two tasks: ``w_1 = (g_2 - g_1) . g_2 / |g_1 - g_2|^2``, cut to [0, 1].

    Source: Désidéri, Multiple-gradient descent algorithm for multiobjective optimization, 2012,
    https://doi.org/10.1016/j.crma.2012.03.014; Sener and Koltun, Multi-Task Learning as Multi-Objective Optimization,
    NeurIPS 2018, https://arxiv.org/abs/1810.04650. Departure: their Frank-Wolfe steps (torchjd's too) stop near w, here
    it is found exactly (`shortest`). Cost: K backward passes. State: none.
    """

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights."""
        return shortest(gramian)


def shortest(gramian: Float64[Tensor, "K K"]) -> Float64[Tensor, " K"]:
    """The weights of the shortest weighted mean.

    ``min w' G w / 2 - sum_i w_i`` over ``w >= 0`` has its solution along them, because of all multiples of a w with
    the sum 1 the best is ``1 / w' G w`` times it. With ``G = L L'`` that is a problem of non-negative least squares. It
    is solved for ``w_i |g_i|``, with the cosines as G, so that gradients of very different lengths lose no digits.
    """
    matrix = unit_scaled(gramian)[0].numpy()
    lengths = np.sqrt(matrix.diagonal())
    if (lengths == 0).any():  # a gradient of zero is the shortest mean
        return torch.from_numpy((lengths == 0) / (lengths == 0).sum())
    cosines = matrix / np.outer(lengths, lengths)
    lower = np.linalg.cholesky(cosines + REGULARISATION * np.eye(len(matrix)))
    weights = nnls(lower.T, np.linalg.solve(lower, lengths.min() / lengths))[0] / lengths
    return torch.from_numpy(weights / weights.sum())


@config
class MGDAConfig(CombiningConfig):
    """Settings of `MGDA`, which follows the shortest weighted mean of the gradients."""

    kind: Literal["mgda"] = "mgda"

    def method(self, target: str, seed: int) -> MGDA:
        """Make the rule."""
        return MGDA()
