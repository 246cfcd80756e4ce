"""Holm's correction for several comparisons.

Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6, 65-70: the
smallest of M p-values is compared with ``level / M``, the next with ``level / (M - 1)`` and so on, until one is too
large; that one and all larger ones stand. The probability of one false rejection or more is at most ``level``,
however the comparisons depend on each other.

Shape legend: ``M`` comparisons.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def adjusted(p_values: Float[np.ndarray, " M"]) -> Float[np.ndarray, " M"]:
    """Adjusted p-values, at most 1: Holm rejects at any level exactly what is at most that level."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    result = np.empty_like(p_values)
    result[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1.0)
    return result


def tested_at(p_values: Float[np.ndarray, " M"], level: float) -> Float[np.ndarray, " M"]:
    """The level at which Holm tests each comparison: a p-value is rejected exactly if it is at most this.

    Where Holm has stopped, it is the level it stopped at. Equal p-values are tested at one level.
    """
    steps = np.searchsorted(np.sort(p_values), p_values, side="left")
    num_rejected = int((adjusted(p_values) <= level).sum())
    return level / (len(p_values) - np.minimum(steps, num_rejected))
