"""Six statements: each one's rule, that half-widths within the margin always give one, and what diverged runs undo."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.statistics.simultaneous import Criteria, Interval, Statement, conclude, with_diverged_runs

RULES = Criteria()
HELPS, HURTS, SAME, NOT_WORTH, HARMLESS, OPEN = Statement


def interval(low: float, high: float) -> Interval:
    return Interval((low + high) / 2, (high - low) / 2, 1e-5, 1e-6, 5, 100)


CASES = {
    (0.002, 0.030): (HELPS, HARMLESS),
    (0.002, 0.008): (HELPS, SAME, NOT_WORTH, HARMLESS),
    (-0.030, -0.002): (HURTS, NOT_WORTH),
    (-0.008, -0.002): (HURTS, SAME, NOT_WORTH, HARMLESS),
    (-0.008, 0.006): (SAME, NOT_WORTH, HARMLESS),
    (-0.020, 0.009): (NOT_WORTH,),
    (-0.009, 0.020): (HARMLESS,),
    (-0.020, 0.020): (OPEN,),
}


@pytest.mark.parametrize("ends", CASES)
def test_every_statement_and_its_order(ends: tuple[float, float]) -> None:
    found = conclude(interval(*ends), RULES)
    assert found.statements == CASES[ends]
    assert found.leading is CASES[ends][0]
    assert (found.low, found.high) == pytest.approx(ends)


def test_where_lower_is_better_signs_mean_the_reverse() -> None:
    found = conclude(interval(-0.030, -0.002), Criteria(higher_is_better=False))
    assert found.statements == (HELPS, HARMLESS)
    assert (found.low, found.high) == pytest.approx((0.002, 0.030))


@given(st.floats(-0.1, 0.1), st.floats(0, 0.0099), st.booleans())
def test_an_interval_within_the_margin_always_says_something(middle: float, half: float, higher: bool) -> None:
    found = conclude(interval(middle - half, middle + half), Criteria(higher_is_better=higher))
    assert found.leading is not OPEN


@given(st.floats(-0.1, 0.1), st.floats(0, 0.1))
def test_statements_hold_for_every_value_of_the_interval(middle: float, half: float) -> None:
    """What is said is true of both ends, and so whatever the truth within the interval is."""
    found = conclude(interval(middle - half, middle + half), RULES)
    true_of = {
        HELPS: lambda gain: gain > 0,
        HURTS: lambda gain: gain < 0,
        SAME: lambda gain: abs(gain) < RULES.margin,
        NOT_WORTH: lambda gain: gain < RULES.margin,
        HARMLESS: lambda gain: gain > -RULES.margin,
        OPEN: lambda gain: True,
    }
    for statement in found.statements:
        assert true_of[statement](found.low)
        assert true_of[statement](found.high)


def test_no_bounds_no_statement() -> None:
    assert conclude(Interval(0.5, math.inf, 1.0, 1.0, 2, 100), RULES).statements == (OPEN,)
    nothing = conclude(Interval(math.nan, math.inf, math.nan, math.nan, 0, 0), RULES)
    assert (nothing.statements, nothing.low) == ((OPEN,), -math.inf)


@pytest.mark.parametrize(
    ("ends", "of_arm", "of_baseline", "left", "withdrawn"),
    [
        ((0.002, 0.030), 1, 0, (OPEN,), (HELPS, HARMLESS)),
        ((0.002, 0.030), 0, 1, (HELPS, HARMLESS), ()),
        ((-0.030, -0.002), 2, 0, (HURTS, NOT_WORTH), ()),
        ((-0.030, -0.002), 0, 2, (OPEN,), (HURTS, NOT_WORTH)),
        ((-0.008, 0.006), 1, 0, (NOT_WORTH,), (SAME, HARMLESS)),
        ((-0.008, 0.006), 0, 1, (HARMLESS,), (SAME, NOT_WORTH)),
        ((-0.008, 0.006), 1, 1, (OPEN,), (SAME, NOT_WORTH, HARMLESS)),
        ((-0.020, 0.020), 1, 1, (OPEN,), ()),
    ],
)
def test_diverged_runs_undo_what_flatters_their_side(
    ends: tuple[float, float],
    of_arm: int,
    of_baseline: int,
    left: tuple[Statement, ...],
    withdrawn: tuple[Statement, ...],
) -> None:
    found = with_diverged_runs(conclude(interval(*ends), RULES), of_arm=of_arm, of_baseline=of_baseline)
    assert (found.statements, found.withdrawn) == (left, withdrawn)
