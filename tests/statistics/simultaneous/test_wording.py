"""Sentences, word by word."""

from __future__ import annotations

import math

import pytest

from auxseg.statistics.simultaneous import Criteria, Interval, conclude, said, with_diverged_runs

RULES = Criteria()


def _said(low: float, high: float, rules: Criteria = RULES) -> str:
    return said("edges", conclude(Interval((low + high) / 2, (high - low) / 2, 1e-5, 1e-6, 5, 100), rules), rules)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (
            (-0.005, 0.009),
            "no meaningful difference: cannot gain more than 0.9 points or lose more than 0.5 points "
            "(+0.2, 95 % interval -0.5 to +0.9)",
        ),
        ((-0.015, 0.009), "not worth it: cannot gain more than 0.9 points (-0.3, 95 % interval -1.5 to +0.9)"),
        ((-0.009, 0.025), "does no harm: cannot lose more than 0.9 points (+0.8, 95 % interval -0.9 to +2.5)"),
        (
            (0.004, 0.036),
            "helps: gains at least 0.4 and at most 3.6 points (+2.0, 95 % interval +0.4 to +3.6)",
        ),
        (
            (-0.036, -0.004),
            "hurts: loses at least 0.4 and at most 3.6 points (-2.0, 95 % interval -3.6 to -0.4)",
        ),
        (
            (-0.0204, 0.02),
            "open: cannot gain more than 2.0 points or lose more than 2.0 points (+0.0, 95 % interval -2.0 to +2.0)",
        ),
    ],
)
def test_every_statement(ends: tuple[float, float], expected: str) -> None:
    assert _said(*ends) == f"edges: {expected}"


def test_where_lower_is_better_it_is_said() -> None:
    assert _said(-0.036, -0.004, Criteria(higher_is_better=False, alpha=0.1)) == (
        "edges: helps: gains at least 0.4 and at most 3.6 points (-2.0, 90 % interval -3.6 to -0.4; lower is better)"
    )


def test_other_units() -> None:
    rules = Criteria(margin=2.0, higher_is_better=False)
    found = conclude(Interval(0.2, 0.5, 0.01, 0.01, 5, 100), rules)
    assert said("depth", found, rules, scale=1.0, unit="mm").startswith(
        "depth: no meaningful difference: cannot gain more than 0.3 mm or lose more than 0.7 mm (+0.2,"
    )


def test_what_diverged_runs_undo_is_named() -> None:
    found = with_diverged_runs(conclude(Interval(0.02, 0.016, 1e-5, 1e-6, 4, 100), RULES), of_arm=1, of_baseline=0)
    assert said("edges", found, RULES) == (
        "edges: open: nothing is ruled out (+2.0, 95 % interval +0.4 to +3.6); "
        "because runs diverged, it cannot be said that it helps"
    )


@pytest.mark.parametrize(
    ("seeds", "images", "reason"),
    [
        (2, 100, "needs at least 3 seeds, has 2"),
        (5, 1, "needs at least 2 test images, has 1"),
        (5, 9, "the figure is the same in all runs and images"),
    ],
)
def test_no_verdict_says_why(seeds: int, images: int, reason: str) -> None:
    found = conclude(Interval(0.002, math.inf, 1e-5, 1e-6, seeds, images), RULES)
    assert said("edges", found, RULES) == f"edges: no verdict: {reason} (+0.2)"
    nothing = conclude(Interval(math.nan, math.inf, 1e-5, 1e-6, 0, 100), RULES)
    assert said("edges", nothing, RULES) == "edges: no verdict: needs at least 3 seeds, has 0 (no difference measured)"
