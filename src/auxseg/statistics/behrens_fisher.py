"""The sum of two independent Student variables of different scale: its tail and its quantiles.

``X = sqrt(a) T_m + sqrt(b) T_n`` with ``T_m`` and ``T_n`` of m and n degrees of freedom is what the Behrens-Fisher
problem leads to. Ruben 1960, On the Distribution of the Weighted Difference of Two Independent Student Variables,
Journal of the Royal Statistical Society B 22, 188-194: with ``U`` from the Beta distribution (m/2, n/2), X is, given
U, a Student variable of m + n degrees of freedom times ``sqrt((a m / U + b n / (1 - U)) / (m + n))``. So the tail is
an integral over U alone, taken here by Gauss-Legendre quadrature to about eight digits.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from scipy import optimize, special

_NUM_NODES = 40
_STRETCH = 4
"""Nodes are placed at the fourth power of Gauss-Legendre's: the integrand has roots at both ends of the interval."""


def tail(distance: float, a: float, b: float, m: float, n: float) -> float:
    """Probability that ``abs(X)`` exceeds ``distance``, in [0, 1]. Without any scale X is 0."""
    if a == b == 0:
        return float(distance <= 0)
    scale = math.sqrt(a + b)
    if a == 0 or b == 0:
        return float(2 * special.stdtr(n if a == 0 else m, -distance / scale))
    shares, rest, weights = _nodes(m, n)
    spread = np.sqrt((a / (a + b) * m / shares + b / (a + b) * n / rest) / (m + n))
    return float(2 * weights @ special.stdtr(m + n, -distance / scale / spread))


def quantile(level: float, a: float, b: float, m: float, n: float) -> float:
    """The distance that ``abs(X)`` exceeds with probability ``level``."""
    parts = [math.sqrt(a) * special.stdtrit(m, 1 - level / 2), math.sqrt(b) * special.stdtrit(n, 1 - level / 2)]
    if min(parts) == 0:
        return float(max(parts))
    bracket = (0.9 * max(parts), 1.1 * sum(parts))
    return float(optimize.root_scalar(lambda x: tail(x, a, b, m, n) - level, bracket=bracket, rtol=1e-12).root)


@functools.lru_cache(maxsize=4096)
def _nodes(m: float, n: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of U, of 1 - U (small ones without cancellation), and their probabilities."""
    nodes, weights = np.polynomial.legendre.leggauss(_NUM_NODES)
    nodes, weights = (nodes + 1) / 2, weights / 4
    probability = nodes**_STRETCH / 2
    weights = weights * _STRETCH * nodes ** (_STRETCH - 1)
    low, high = special.betaincinv(m / 2, n / 2, probability), special.betaincinv(n / 2, m / 2, probability)
    return np.concatenate([low, 1 - high]), np.concatenate([1 - low, high]), np.concatenate([weights, weights])
