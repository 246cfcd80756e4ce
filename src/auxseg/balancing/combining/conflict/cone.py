"""Projections onto the cone of the directions along which no task's loss grows.

Shape legend: ``K`` tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float64
from scipy.optimize import nnls
from torch import Tensor

REGULARISATION: Final = 1e-4
"""Added to the diagonal of the Gram matrix of trace 1, as torchjd does, so that it is positive definite."""


def projected(
    gramian: Float64[Tensor, "K K"], weights: Sequence[Float64[np.ndarray, " K"]]
) -> list[Float64[np.ndarray, " K"]]:
    """Of each direction ``d = sum_i u_i g_i`` the nearest one with ``g_i . d >= 0`` for all i, as weights ``v``.

    They minimise ``v' G v`` with ``v >= u`` (Quinton and Rey, Jacobian Descent for Multi-Objective Optimization, 2024,
    https://arxiv.org/abs/2406.16232, proposition 1). With ``G = L L'`` and ``v = u + x`` that is a problem of
    non-negative least squares, ``min |L' (u + x)|``, which scipy solves; torchjd needs another package.
    """
    matrix = gramian.numpy()
    lower = np.linalg.cholesky(matrix / matrix.trace() + REGULARISATION * np.eye(len(matrix)))
    return [each + nnls(lower.T, -lower.T @ each)[0] for each in weights]
