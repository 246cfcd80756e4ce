"""The additive fit against least squares on a design matrix, and what it gives back."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.statistics.simultaneous.additive_fit import filled


def _gaps(rng: np.random.Generator, shape: tuple[int, int], share: float) -> np.ndarray:
    table = rng.standard_normal(shape)
    table[rng.random(shape) < share] = np.nan
    table[0, np.isnan(table).all(0)] = 1.0
    return table


@pytest.mark.parametrize(("shape", "share"), [((3, 8), 0.2), ((6, 20), 0.4), ((2, 5), 0.1)])
def test_gaps_are_those_of_least_squares(shape: tuple[int, int], share: float) -> None:
    table = _gaps(np.random.default_rng(shape[1]), shape, share)
    known = ~np.isnan(table)
    rows, columns = np.nonzero(known)
    design = np.column_stack([np.eye(shape[0])[rows], np.eye(shape[1])[columns]])
    effects = np.linalg.lstsq(design, table[known], rcond=None)[0]
    expected = effects[: shape[0], None] + effects[shape[0] :]
    found = filled(table)
    np.testing.assert_allclose(found[~known], expected[~known])
    np.testing.assert_array_equal(found[known], table[known])


def test_an_additive_table_is_given_back() -> None:
    rng = np.random.default_rng(0)
    whole = rng.standard_normal((5, 1)) + rng.standard_normal(30)
    table = whole.copy()
    table[rng.random(table.shape) < 0.3] = np.nan
    np.testing.assert_allclose(filled(table), whole)


def test_a_whole_table_is_left_alone() -> None:
    table = np.random.default_rng(0).standard_normal((3, 4))
    assert filled(table) is table
