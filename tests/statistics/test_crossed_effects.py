"""Estimates by hand and by scipy, their symmetries, and how often their intervals are right."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from auxseg.statistics import Estimate, estimate
from tests.statistics.tables import draw

LEVELS = (0.3, 0.05, 0.004)
shapes = st.tuples(st.integers(2, 6), st.integers(2, 12), st.integers(0, 1000))


def _table(shape: tuple[int, int, int]) -> np.ndarray:
    return draw(np.random.default_rng(shape[2]), shape[0], shape[1], mean=0.01)


def test_mean_squares_by_hand() -> None:
    table = np.array([[1.0, 2.0, 6.0], [3.0, 2.0, 4.0]])
    # By sums of squares about the mean 3: seeds 3 * (0 + 0), images 2 * (1 + 1 + 4), in all 16.
    squares = estimate(table).squares
    assert (squares.seed, squares.image, squares.rest) == pytest.approx((0, 12 / 2, (16 - 12) / 2))


def test_mean_squares_are_those_of_least_squares() -> None:
    table = draw(np.random.default_rng(1), 4, 7)
    rows, columns = (index.ravel() for index in np.indices(table.shape))
    by_seed, by_image = np.eye(4)[rows], np.eye(7)[columns]

    def unexplained(*effects: np.ndarray) -> float:
        design = np.column_stack([np.ones(table.size), *effects])
        fitted = design @ np.linalg.lstsq(design, table.ravel(), rcond=None)[0]
        return float(np.square(table.ravel() - fitted).sum())

    both = unexplained(by_seed, by_image)
    squares = estimate(table).squares
    assert squares.rest == pytest.approx(both / (3 * 6))
    assert squares.seed == pytest.approx((unexplained(by_image) - both) / 3)
    assert squares.image == pytest.approx((unexplained(by_seed) - both) / 6)


def test_variances_are_found_again() -> None:
    rng = np.random.default_rng(2)
    found = [estimate(draw(rng, 6, 50, seed=0.02, image=0.05, rest=0.03)).variances for _ in range(300)]
    means = {name: np.mean([one[name] for one in found]) for name in found[0]}
    assert means == pytest.approx({"seed": 0.02**2, "image": 0.05**2, "rest": 0.03**2}, rel=0.1)


@pytest.mark.parametrize("level", LEVELS)
def test_where_only_seeds_vary_it_is_the_t_interval_over_their_means(level: float) -> None:
    table = draw(np.random.default_rng(3), 5, 30, image=0.0, rest=1e-9, mean=0.004)
    reference: Any = stats.ttest_1samp(table.mean(1), 0)
    found = estimate(table)
    assert found.interval(level) == pytest.approx(reference.confidence_interval(1 - level), rel=1e-6)
    assert found.p_value() == pytest.approx(reference.pvalue, rel=1e-6)


def test_where_only_images_vary_it_is_the_t_interval_over_their_means() -> None:
    table = draw(np.random.default_rng(4), 5, 30, seed=0.0, rest=1e-9)
    reference: Any = stats.ttest_1samp(table.mean(0), 0)
    assert estimate(table).interval() == pytest.approx(reference.confidence_interval(), rel=1e-6)
    assert estimate(table).p_value() == pytest.approx(reference.pvalue, rel=1e-6)


def test_fewer_effective_images_widen_what_images_add() -> None:
    table = draw(np.random.default_rng(4), 5, 30, seed=0.0, rest=1e-9)
    found = estimate(table, effective_images=6.0)
    expected = stats.t.ppf(0.975, 5) * table.mean(0).std(ddof=1) / math.sqrt(30)
    assert found.half_width() == pytest.approx(expected, rel=1e-6)
    assert estimate(table, 30.0).interval() == estimate(table).interval()


@given(shapes)
def test_order_of_seeds_and_images_does_not_matter(shape: tuple[int, int, int]) -> None:
    table = _table(shape)
    other = np.random.default_rng(0).permutation(np.random.default_rng(1).permutation(table, axis=1), axis=0)
    assert estimate(other).interval() == pytest.approx(estimate(table).interval())
    assert estimate(other).p_value() == pytest.approx(estimate(table).p_value())


@given(shapes, st.sampled_from([-3.0, 1e-6, 1e4]))
def test_a_change_of_units_or_sign_changes_the_interval_alike(shape: tuple[int, int, int], factor: float) -> None:
    table = _table(shape)
    ends = sorted(factor * end for end in estimate(table).interval())
    assert estimate(factor * table).interval() == pytest.approx(tuple(ends))
    assert estimate(factor * table).p_value() == pytest.approx(estimate(table).p_value())


@given(shapes, st.sampled_from(LEVELS))
def test_tests_belong_to_the_interval(shape: tuple[int, int, int], level: float) -> None:
    found = estimate(_table(shape))
    low, high = found.interval(level)
    assert (found.p_value() <= level) == (not low <= 0 <= high)
    for margin in (0.5 * abs(low), 1.01 * max(-low, high), 1.0):
        assert (found.p_value_of_equivalence(margin) <= level) == (-margin <= low and high <= margin)
    assert estimate(_table(shape)).interval(level / 2)[0] < low


def test_more_seeds_make_the_interval_narrower() -> None:
    rng = np.random.default_rng(5)
    widths = [np.mean([estimate(draw(rng, seeds, 30)).half_width() for _ in range(40)]) for seeds in (2, 3, 5, 10, 30)]
    assert widths == sorted(widths, reverse=True)


def test_no_difference_anywhere_is_certain() -> None:
    zero = estimate(np.zeros((3, 20)))
    assert zero.interval() == (0, 0)
    assert (zero.p_value(), zero.p_value_of_equivalence(0.005)) == (1, 0)
    always = estimate(np.full((3, 16), 0.25))
    assert always.interval() == (0.25, 0.25)
    assert always.p_value() == 0


@pytest.mark.parametrize("shape", [(1, 20), (20, 1), (1, 1), (0, 5), (3, 0), (0, 0)])
def test_one_seed_or_one_image_has_no_interval(shape: tuple[int, int]) -> None:
    found = estimate(np.full(shape, 0.02))
    assert found.mean == pytest.approx(0.02 if math.prod(shape) else math.nan, nan_ok=True)
    assert not found.has_interval
    assert found.interval() == (-math.inf, math.inf)
    assert (found.p_value(), found.p_value_of_equivalence(1.0)) == (1, 1)
    assert math.isnan(found.standard_error)


def test_a_value_that_is_missing_leaves_no_interval() -> None:
    found = estimate(np.array([[0.1, np.nan], [0.1, 0.2]]))
    assert found.interval() == (-math.inf, math.inf)
    assert found.p_value() == 1


REGIMES = [(1.0, 0.0, 0.0), (0.01, 0.98, 0.01), (0.0, 0.0, 1.0), (0.5, 0.5, 0.0), (1 / 3, 1 / 3, 1 / 3)]


def _missed(shares: tuple[float, float, float], seeds: int) -> tuple[int, int]:
    """Of 200 studies with nothing to find, intervals that miss zero: ours, and the t interval over seeds."""
    images = 100
    rng = np.random.default_rng(6)
    seed, image, rest = np.sqrt(np.multiply(shares, (seeds, images, seeds * images)))
    found = [estimate(draw(rng, seeds, images, seed=seed, image=image, rest=rest)) for _ in range(200)]
    return sum(one.p_value() <= 0.05 for one in found), sum(_p_over_seeds(one) <= 0.05 for one in found)


def _p_over_seeds(found: Estimate) -> float:
    return float(2 * stats.t.sf(abs(found.mean) / math.sqrt(found.seed_part), found.num_seeds - 1))


@pytest.mark.parametrize("seeds", [3, 10])
@pytest.mark.parametrize("shares", REGIMES)
def test_intervals_miss_the_truth_as_rarely_as_promised(shares: tuple[float, float, float], seeds: int) -> None:
    missed, _ = _missed(shares, seeds)
    assert missed <= 19  # 5% of 200 is 10; more than 19 come by chance once in 300


def test_an_interval_over_seeds_alone_would_not_pass() -> None:
    assert _missed((0.01, 0.98, 0.01), 10)[1] > 100
    assert _missed((0.5, 0.5, 0.0), 10)[1] > 19
