"""What a budget pays for: seeds, arms, and the smallest that works."""

from __future__ import annotations

import pytest

from auxseg.errors import InputError
from auxseg.statistics.simultaneous import Affordable, affordable
from auxseg.statistics.simultaneous.designs import seeds_needed

ARMS = {"edges": 70.0, "box": 60.0}
CONTROLS = {"noise": 60.0}


def _afforded(budget: float, margin: float = 0.001) -> Affordable:
    return affordable(budget, 50.0, ARMS, CONTROLS, margin, 100)


def test_as_many_seeds_as_there_is_time_for() -> None:
    found = _afforded(7 * 240 + 239)
    assert (found.arms, found.dropped) == (("edges", "box", "noise"), ())
    assert (found.design.num_arms, found.design.num_seeds, found.seconds) == (2, 7, 7 * 240)
    assert found.prospect.half_width > 0


def test_no_more_seeds_than_the_margin_needs_and_never_more_than_fifty() -> None:
    found = _afforded(1e6, margin=0.02)
    assert found.design.num_seeds == seeds_needed(found.design, 0.02)
    assert found.prospect.half_width <= 0.02
    assert _afforded(1e6).design.num_seeds == 50


def test_arms_are_dropped_from_the_last_on_for_three_seeds() -> None:
    assert _afforded(3 * 240).dropped == ()
    found = _afforded(3 * 240 - 1)
    assert (found.arms, found.dropped, found.design.num_seeds) == (("edges", "box"), ("noise",), 3)
    found = _afforded(3 * 120)
    assert (found.arms, found.dropped, found.design.num_arms) == (("edges",), ("box", "noise"), 1)


def test_too_small_a_budget_says_the_smallest_that_works() -> None:
    with pytest.raises(InputError, match="budget of 5 min is too small: 3 seeds of the baseline and edges take 6 min"):
        _afforded(300)
    with pytest.raises(InputError, match=r"take 3\.1 h, the smallest that works"):
        affordable(60, 1800, {"edges": 1920}, {}, 0.01, 100)
    with pytest.raises(InputError, match="needs an arm"):
        affordable(60, 50, {}, CONTROLS, 0.01, 100)
