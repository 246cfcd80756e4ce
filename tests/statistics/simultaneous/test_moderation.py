"""Moderated variances by hand, and their limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from auxseg.statistics.simultaneous.moderation import drawn_towards, moderated, of_others, share_of_chance


def test_by_hand() -> None:
    found = moderated(np.array([1.0, 3.0, 5.0]), np.array([4.0, 3.0, 2.0]), 2.0)
    assert found == pytest.approx([(8 * 4 + 2 * 1) / 10, (8 * 3 + 2 * 3) / 10, (8 * 2 + 2 * 5) / 10 + 2 * (5 - 4)])


def test_no_freedom_of_its_own_is_the_common_variance_and_much_is_its_own() -> None:
    own, common = np.array([0.5, 4.0]), np.array([2.0])
    assert drawn_towards(common, own, 0.0) == pytest.approx([2, 2])
    assert drawn_towards(common, own, 1e9) == pytest.approx(own)


def test_the_others_are_all_but_the_arm_itself() -> None:
    assert of_others(np.array([[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]])) == pytest.approx(
        np.array([[4.0, 3.5, 1.5], [1.5, 1.5, 0.0]])
    )
    assert of_others(np.array([1.0, 2.0, 6.0]), np.array([2.0, 1.0, 3.0])) == pytest.approx([5.0, 4.0, 4 / 3])
    assert np.isnan(of_others(np.array([1.0, 2.0]), np.array([1.0, 0.0]))[0])


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0.01, 10), st.integers(2, 20))
def test_a_larger_variance_of_its_own_never_makes_an_interval_narrower(
    one: float, other: float, others: float, freedom: int
) -> None:
    found = moderated(np.array([min(one, other), max(one, other)]), np.full(2, others), freedom)
    assert found[0] <= found[1]
    assert (found >= drawn_towards(others, np.array([min(one, other), max(one, other)]), freedom)).all()


def test_a_ratio_of_variances_is_judged_by_an_f_test() -> None:
    assert share_of_chance(4.0, 4, 20) == pytest.approx(stats.f.sf(4, 4, 20))
    assert share_of_chance(0.0, 4, 20) == 1
