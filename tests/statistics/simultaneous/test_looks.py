"""Constants of looks: what is spent, what the last one costs, and how often one of them misses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from auxseg.statistics.simultaneous import constants
from auxseg.statistics.simultaneous.looks import Constants, constants_at, spent
from auxseg.statistics.simultaneous.moderation import moderated, of_others

LOOKS = (3, 6, 10)
NUM_STUDIES = 8000


def by_chance(level: float, num_studies: int) -> float:
    """How far the share of simulated studies that miss may lie from its level: four standard errors."""
    return 4 * math.sqrt(level * (1 - level) / num_studies)


def test_what_is_spent_grows_with_the_square_of_seeds() -> None:
    assert [spent(num_seeds, 10, 0.05) for num_seeds in LOOKS] == pytest.approx([0.0045, 0.018, 0.05])


def test_a_single_look_has_the_constants_of_the_table() -> None:
    assert constants_at(5, (10,)) == Constants(constants.of_runs(5, 10), constants.of_images(5))
    assert constants_at(5, (10,), 10, 0.05) == constants_at(5, (10,))


def test_a_first_look_has_the_constants_of_its_level() -> None:
    found, level = constants_at(4, (5,), 10), 0.05 / 4
    reach = by_chance(level, constants.num_studies_at_hand(4, 5))
    assert constants.of_images(4, level + reach) < found.images < constants.of_images(4, level - reach)
    reach *= math.sqrt(2)  # both are simulated
    assert constants.of_runs(4, 5, level + reach) < found.runs < constants.of_runs(4, 5, level - reach)


def test_three_looks_cost_the_last_one_little_and_the_first_one_much() -> None:
    whole, fixed = constants_at(5, LOOKS), constants_at(5, (10,))
    assert 1.02 < whole.runs / fixed.runs < 1.06
    assert 1.02 < whole.images / fixed.images < 1.06
    assert constants_at(5, (3,), 10).runs > 1.3 * constants.of_runs(5, 3)


def test_of_three_looks_one_or_more_misses_as_often_as_promised() -> None:
    rng = np.random.default_rng(0)
    runs = rng.standard_normal((NUM_STUDIES, 6, 10))
    differences = runs[:, 1:] - runs[:, :1]
    missed = np.zeros(NUM_STUDIES, dtype=bool)
    for number, num_seeds in enumerate(LOOKS, 1):
        seen = differences[..., :num_seeds]
        own = seen.var(2, ddof=1) / num_seeds
        half_widths = constants_at(5, LOOKS[:number], 10).runs * np.sqrt(moderated(own, of_others(own), num_seeds - 1))
        missed |= (np.abs(seen.mean(2)) > half_widths).any(1)
        level = spent(num_seeds, 10, 0.05)
        assert missed.mean() == pytest.approx(level, abs=by_chance(level, NUM_STUDIES))
