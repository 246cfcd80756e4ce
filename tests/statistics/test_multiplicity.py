"""Holm's correction by hand, and that levels and adjusted p-values say the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.statistics import multiplicity as holm


def test_by_hand() -> None:
    p_values = np.array([0.04, 0.01, 0.03, 0.005])
    # In order 0.005 * 4, 0.01 * 3, 0.03 * 2, 0.04 * 1, none smaller than the one before.
    assert holm.adjusted(p_values) == pytest.approx([0.06, 0.03, 0.06, 0.02])
    # 0.005 <= 0.05 / 4 and 0.01 <= 0.05 / 3, but 0.03 > 0.05 / 2: there it stops.
    assert holm.tested_at(p_values, 0.05) == pytest.approx([0.025, 0.05 / 3, 0.025, 0.0125])


def test_one_comparison_needs_no_correction() -> None:
    assert holm.adjusted(np.array([0.03])) == pytest.approx([0.03])
    assert holm.tested_at(np.array([0.03]), 0.05) == pytest.approx([0.05])


def test_adjusted_p_values_do_not_exceed_one() -> None:
    assert holm.adjusted(np.array([1.0, 0.6, 1.0])) == pytest.approx([1, 1, 1])


p_value_lists = st.lists(
    st.sampled_from([0.0, 0.001, 0.01, 0.0125, 0.02, 0.03, 0.05, 0.2, 1.0]), min_size=1, max_size=8
)


@given(p_value_lists, st.sampled_from([0.01, 0.03, 0.05]))
def test_what_is_rejected_is_at_most_the_level_it_is_tested_at(p_values: list[float], level: float) -> None:
    values = np.array(p_values)
    rejected = [False] * len(p_values)
    for rank, index in enumerate(np.argsort(values, kind="stable")):
        if values[index] * (len(p_values) - rank) > level:
            break
        rejected[index] = True
    assert (holm.adjusted(values) <= level).tolist() == rejected
    assert (values <= holm.tested_at(values, level) * (1 + 1e-12)).tolist() == rejected


@given(p_value_lists, st.randoms(use_true_random=False))
def test_order_does_not_matter(p_values: list[float], random: object) -> None:
    order = np.random.default_rng(len(p_values)).permutation(len(p_values))
    values = np.array(p_values)
    np.testing.assert_array_equal(holm.adjusted(values[order]), holm.adjusted(values)[order])
    np.testing.assert_array_equal(holm.tested_at(values[order], 0.05), holm.tested_at(values, 0.05)[order])
