"""A screening never costs more than its share, and uses what it may."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.errors import InputError
from auxseg.study.budget import FEWEST_STEPS, SHARE, STEPS_OF_A_LOOK, TWO_SEEDS_FROM, WATCH, make_budget

LENGTHS = {
    "num_candidates": st.integers(1, 12),
    "num_shares": st.integers(1, 4),
    "steps": st.integers(1, 20_000),
    "num_runs": st.integers(2, 500),
}


@given(**LENGTHS)
def test_it_costs_at_most_its_share_and_one_step_more_would_be_too_much(
    num_candidates: int, num_shares: int, steps: int, num_runs: int
) -> None:
    try:
        budget = make_budget(num_candidates, num_shares, steps, num_runs * steps)
    except InputError:
        return
    trainings = budget.seeds * num_shares * (num_candidates + 1)
    looks = budget.seeds * num_shares * num_candidates * math.ceil(budget.steps / WATCH)
    assert budget.cost == trainings * budget.steps + STEPS_OF_A_LOOK * looks
    assert budget.cost <= SHARE * num_runs * steps
    assert FEWEST_STEPS <= budget.steps <= steps
    assert budget.seeds == 1 or budget.steps >= TWO_SEEDS_FROM
    longer = trainings * (budget.steps + 1) + STEPS_OF_A_LOOK * looks
    assert budget.steps == steps or longer + STEPS_OF_A_LOOK * trainings > SHARE * num_runs * steps


def test_two_seeds_where_both_are_long_enough() -> None:
    # Three candidates and the target alone on five seeds of 600 steps: 1,800 steps may be spent on four trainings.
    budget = make_budget(3, 1, 600, 5 * 4 * 600)
    assert (budget.seeds, budget.steps) == (2, 208)
    assert budget.cost == 2 * (4 * 208 + 3 * 2 * 11)
    assert make_budget(3, 1, 600, 2 * 4 * 600).seeds == 1
    assert make_budget(3, 1, 600, 1000 * 4 * 600).steps == 600


@pytest.mark.parametrize("steps", [40, 300])
def test_a_study_that_is_too_short_is_refused(steps: int) -> None:
    with pytest.raises(InputError, match=r"leaves .* for each training, expected at least 50"):
        make_budget(2, 1, steps, 3 * steps)
