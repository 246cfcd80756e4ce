"""Moderated variances by hand, and their limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from auxseg.statistics.simultaneous.moderation import moderated, share_of_chance


def test_by_hand() -> None:
    found = moderated(np.array([1.0, 3.0]), np.array([2.0]), 2.0)
    assert found == pytest.approx([(8 * 2 + 2 * 1) / 10, (8 * 2 + 2 * 3) / 10])


def test_no_freedom_of_its_own_is_the_common_variance_and_much_is_its_own() -> None:
    own, common = np.array([0.5, 4.0]), np.array([2.0])
    assert moderated(own, common, 0.0) == pytest.approx([2, 2])
    assert moderated(own, common, 1e9) == pytest.approx(own)


def test_a_ratio_of_variances_is_judged_by_an_f_test() -> None:
    assert share_of_chance(4.0, 4, 20) == pytest.approx(stats.f.sf(4, 4, 20))
    assert share_of_chance(0.0, 4, 20) == 1
