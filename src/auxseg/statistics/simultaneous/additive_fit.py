"""Values for the gaps of a table, so that an image need not be left out because one run has no value for it.

The table ``y_si = row_s + column_i`` is fitted to the values there are by least squares, and each gap takes its fitted
value. Differences between rows are then those of the fit, which weighs each row by what it shares with the others;
the mean of what a row happens to have would compare easy images with hard ones.

Shape legend: ``S`` rows (seeds), ``I`` columns (images).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def filled(table: Float[np.ndarray, "S I"]) -> Float[np.ndarray, "S I"]:
    """The table with its NaN replaced; each row and each column must have a value.

    Columns are eliminated first: with m_si 1 where there is a value and n_i values in column i, the rows solve
    ``(diag(n_s) - m diag(1 / n_i) m') row = sum_i m_si (y_si - mean_i)``, up to a constant that columns take up.
    """
    known = ~np.isnan(table)
    if known.all():
        return table
    there = known.astype(float)
    values = np.where(known, table, 0.0)
    means = values.sum(0) / there.sum(0)
    normal = np.diag(there.sum(1)) - (there / there.sum(0)) @ there.T
    rows = np.linalg.lstsq(normal, (values - there * means).sum(1), rcond=None)[0]
    columns = means - rows @ there / there.sum(0)
    return np.where(known, table, rows[:, None] + columns)
