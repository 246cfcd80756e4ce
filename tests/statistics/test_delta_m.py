"""Delta-m by hand and its interval against scipy's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from auxseg.errors import InputError
from auxseg.statistics import delta_m

TASKS = ["segmentation", "box_error"]
BASELINES = np.array([[0.5, 2.0], [0.8, 4.0], [0.4, 1.0]])
FIGURES = np.array([[0.6, 1.0], [0.8, 5.0], [0.5, 1.0]])


def test_by_hand() -> None:
    found = delta_m(FIGURES, BASELINES, TASKS, [True, False])
    assert found.per_seed == pytest.approx([(0.2 + 0.5) / 2, (0 - 0.25) / 2, (0.25 + 0) / 2])
    reference: Any = stats.ttest_1samp(found.per_seed, 0)
    assert found.mean == pytest.approx(found.per_seed.mean())
    assert found.interval == pytest.approx(reference.confidence_interval())


def test_a_seed_without_a_figure_is_left_out() -> None:
    figures = FIGURES.copy()
    figures[1, 0] = np.nan
    found = delta_m(figures, BASELINES, TASKS, [True, False])
    others = delta_m(FIGURES[[0, 2]], BASELINES[[0, 2]], TASKS, [True, False])
    assert math.isnan(found.per_seed[1])
    assert (found.mean, *found.interval) == pytest.approx((others.mean, *others.interval))


def test_one_seed_has_no_bounds_and_none_no_mean() -> None:
    found = delta_m(FIGURES[:1], BASELINES[:1], TASKS, [True, False])
    assert found.mean == pytest.approx(0.35)
    assert found.interval == (-math.inf, math.inf)
    assert math.isnan(delta_m(FIGURES[:0], BASELINES[:0], TASKS, [True, False]).mean)


def test_the_baseline_itself_changes_nothing() -> None:
    found = delta_m(BASELINES, BASELINES, TASKS, [True, False])
    assert (found.mean, found.interval) == (0, (0, 0))


def test_refuses_a_baseline_of_zero() -> None:
    with pytest.raises(InputError, match="delta-m: box_error: expected a baseline figure other than 0"):
        delta_m(FIGURES, BASELINES * [1, 0], TASKS, [True, False])
