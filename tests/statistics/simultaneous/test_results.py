"""From runs to one table: what is kept, filled, missing and refused."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.errors import InputError
from auxseg.statistics import MeanFigure, RatioFigure
from auxseg.statistics.simultaneous import tabulate
from tests.statistics.simultaneous.studies import draw, runs, study

rng = np.random.default_rng


def test_a_table_has_the_baseline_first_and_seeds_in_order() -> None:
    table = draw(rng(0), 2, 3, 5)
    shuffled = {arm: dict(reversed(by_seed.items())) for arm, by_seed in reversed(runs(table).items())}
    found = tabulate(shuffled, "alone")
    assert (found.arms, found.seeds) == (("alone", "arm 2", "arm 1"), (0, 1, 2))
    np.testing.assert_array_equal(found.table, table[[0, 2, 1]])
    assert (found.num_images, found.effective_images, found.num_left_out) == (5, 5, 0)
    assert not found.was_filled.any()


def test_few_gaps_cost_no_images() -> None:
    table = draw(rng(1), 5, 10, 100)
    gaps = rng(2).random(table.shape) < 0.03
    gapped = np.where(gaps, np.nan, table)
    assert np.isnan(gapped).any((0, 1)).sum() > 45  # all of these were left out before
    found = study(gapped)
    assert (found.num_images, found.num_left_out) == (100, 0)
    np.testing.assert_array_equal(found.was_filled, gaps)
    np.testing.assert_array_equal(found.table[~gaps], table[~gaps])
    errors = (found.table - table).mean(2)
    assert np.abs(errors).max() < 0.004  # an image in 30 of a spread of 0.05
    naive = np.nanmean(gapped, axis=2) - table.mean(2)
    assert np.std(naive) > 2.5 * np.std(errors)


def test_an_image_that_few_runs_have_is_left_out() -> None:
    table = draw(rng(3), 2, 4, 6)
    table[1, :3, 2] = np.nan
    table[2, :2, 4] = np.nan
    found = study(table)
    assert (found.num_images, found.num_left_out) == (5, 1)
    assert found.was_filled.sum() == 2


def test_missing_runs_are_named() -> None:
    table = draw(rng(4), 2, 3, 6)
    table[1, 2] = np.nan
    by_arm = runs(table)
    del by_arm["arm 2"][0]
    found = tabulate(by_arm, "alone")
    assert {arm: found.missing(arm) for arm in found.arms} == {"alone": (), "arm 1": (2,), "arm 2": (0,)}
    assert found.has_run.sum() == 7
    assert found.num_images == 6


def test_truth_decides_which_classes_count() -> None:
    """One stray pixel of a class that the truth lacks: with three classes it would cost a third of the mean."""
    parts = np.full((4, 3), [8.0, 6.0, 0.0])
    clean, stray = np.full((4, 3), [10.0, 10.0, 0.0]), np.full((4, 3), [10.0, 10.0, 0.0])
    stray[0, 2] = 1.0
    truths = np.full((4, 3), [9.0, 9.0, 0.0])
    for known in (None, truths):
        sides = {
            "alone": {0: RatioFigure(parts, clean, known), 1: RatioFigure(parts, clean, known)},
            "arm": {0: RatioFigure(parts, clean, known), 1: RatioFigure(parts, stray, known)},
        }
        np.testing.assert_allclose(tabulate(sides, "alone").table.mean(2), 0.7)
    everywhere = {arm: dict.fromkeys(range(2), RatioFigure(parts, stray, truths)) for arm in ("alone", "arm")}
    np.testing.assert_allclose(tabulate(everywhere, "alone").table.mean(2), 0.7)


def test_ratios_have_fewer_effective_images() -> None:
    wholes = np.exp(rng(5).standard_normal((40, 1)))
    run = RatioFigure(wholes * rng(6).uniform(0.4, 1, (40, 1)), wholes)
    shares = wholes[:, 0] / wholes.sum()
    found = tabulate({"alone": {0: run}, "arm": {0: run}}, "alone")
    assert found.effective_images == pytest.approx(1 / np.square(shares).sum())
    assert found.effective_images < 30


def test_refuses_what_cannot_be_compared() -> None:
    one = {0: MeanFigure(np.ones(3))}
    with pytest.raises(InputError, match="baseline 'alone' has no runs; arms are 'arm'"):
        tabulate({"arm": one}, "alone")
    with pytest.raises(InputError, match="same images, found 2 and 3 images"):
        tabulate({"alone": one, "arm": {0: MeanFigure(np.ones(2))}}, "alone")


def test_nothing_measured_is_an_empty_table() -> None:
    found = tabulate({"alone": {0: MeanFigure(np.full(3, np.nan))}, "arm": {}}, "alone")
    assert found.table.shape == (2, 1, 0)
    assert not found.has_run.any()
