"""A screening never costs more than its share, and uses what it may."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.errors import InputError
from auxseg.study.screening.budget import (
    FEWEST_STEPS,
    SHARE,
    STEPS_OF_A_LOOK,
    TWO_SEEDS_FROM,
    WATCH,
    Budget,
    TrainingCost,
    make_budget,
)

PLAIN = TrainingCost(batch=16, validate_every=10, num_validated=0)
TRAININGS = st.builds(
    TrainingCost, batch=st.integers(1, 64), validate_every=st.integers(1, 500), num_validated=st.integers(0, 2000)
)


def passes(budget: Budget, steps: int) -> int:
    """Forward passes of a screening's trainings of so many steps, added up one training after the other."""
    training, total = budget.training, 0
    for auxiliaries in [0, *[1] * budget.num_candidates] * (budget.seeds * budget.num_shares):
        looks = math.ceil(steps / WATCH) * auxiliaries
        total += 3 * training.batch * (steps + STEPS_OF_A_LOOK * looks)
        total += training.num_validated * math.ceil(steps / training.validate_every)
    return total


@given(
    num_candidates=st.integers(1, 12),
    num_shares=st.integers(1, 4),
    steps=st.integers(1, 20_000),
    num_runs=st.integers(2, 500),
    training=TRAININGS,
)
def test_it_costs_at_most_its_share_and_one_step_more_would_be_too_much(
    num_candidates: int, num_shares: int, steps: int, num_runs: int, training: TrainingCost
) -> None:
    allowed = (
        SHARE
        * num_runs
        * (3 * training.batch * steps + training.num_validated * math.ceil(steps / training.validate_every))
    )
    try:
        budget = make_budget(num_candidates, num_shares, steps, num_runs, training)
    except InputError:
        fewest = Budget(num_candidates, num_shares, 1, FEWEST_STEPS, 0, training)
        assert steps < FEWEST_STEPS or passes(fewest, FEWEST_STEPS) > allowed - 1
        return
    assert budget.cost == passes(budget, budget.steps) <= allowed * (1 + 1e-12)
    assert FEWEST_STEPS <= budget.steps <= steps
    assert budget.seeds == 1 or budget.steps >= TWO_SEEDS_FROM
    assert budget.steps == steps or passes(budget, budget.steps + 1) > allowed - 1


def test_two_seeds_where_both_are_long_enough() -> None:
    # Three candidates and the target alone on five seeds of 600 steps: 1,800 steps may be spent on four trainings.
    budget = make_budget(3, 1, 600, 5 * 4, PLAIN)
    assert (budget.seeds, budget.steps) == (2, 208)
    assert budget.cost == 2 * (4 * 208 + 3 * 2 * 11) * 3 * 16
    assert make_budget(3, 1, 600, 2 * 4, PLAIN).seeds == 1
    assert make_budget(3, 1, 600, 1000 * 4, PLAIN).steps == 600


def test_the_validation_after_the_last_step_counts_on_both_sides() -> None:
    # The study validates once in 600 steps, like each short training: that weighs heavier on the short ones.
    rare = TrainingCost(batch=16, validate_every=600, num_validated=1600)  # 1,600 images are 33 1/3 steps
    budget = make_budget(3, 1, 600, 5 * 4, rare)
    assert budget.cost_of_study == 20 * (600 * 48 + 1600)
    assert budget.steps < make_budget(3, 1, 600, 5 * 4, PLAIN).steps
    assert budget.cost == passes(budget, budget.steps) <= SHARE * budget.cost_of_study


@pytest.mark.parametrize("steps", [40, 300])
def test_a_study_that_is_too_short_is_refused(steps: int) -> None:
    with pytest.raises(InputError, match=r"leaves .* steps for each training, expected at least 50"):
        make_budget(2, 1, steps, 3, PLAIN)
