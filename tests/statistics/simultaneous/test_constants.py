"""Constants against the table drawn anew by other code, against Dunnett's, and outside of the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from auxseg.errors import InputError
from auxseg.statistics.simultaneous import constants
from auxseg.statistics.simultaneous.constants import of_few_images, of_images, of_runs


def _missed(num_arms: int, num_seeds: int, constant: float, num_studies: int) -> float:
    """How often one interval or more misses, by loops and numpy's own covariance."""
    rng = np.random.default_rng([num_arms, num_seeds])
    missed = 0
    for _ in range(num_studies):
        baseline, *arms = rng.standard_normal((num_arms + 1, num_seeds))
        differences = [arm - baseline for arm in arms]
        squared_errors = [float(np.cov(one)) / num_seeds for one in differences]
        for one, own in zip(differences, squared_errors, strict=True):
            others = (sum(squared_errors) - own) / (num_arms - 1)
            steadied = (8 * others + (num_seeds - 1) * own) / (7 + num_seeds)
            if float(np.mean(one)) ** 2 > constant**2 * (steadied + 2 * max(own - 2 * others, 0)):
                missed += 1
                break
    return missed / num_studies


@pytest.mark.parametrize(("num_arms", "num_seeds"), [(2, 3), (5, 5), (9, 8)])
def test_cells_drawn_anew_miss_as_often_as_promised(num_arms: int, num_seeds: int) -> None:
    missed = _missed(num_arms, num_seeds, of_runs(num_arms, num_seeds), 1000)
    assert missed == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 1000))
    assert _missed(num_arms, num_seeds, 0.75 * of_runs(num_arms, num_seeds), 300) > 0.08


@pytest.mark.parametrize(("num_arms", "num_seeds"), [(5, 3), (20, 4), (3, 20)])
def test_the_table_is_what_the_simulation_gives(num_arms: int, num_seeds: int) -> None:
    assert constants._simulated(num_arms, num_seeds, 0.05) == pytest.approx(of_runs(num_arms, num_seeds), abs=0.03)


@pytest.mark.parametrize("num_seeds", [3, 7, 100])
def test_one_arm_has_the_quantile_of_t(num_seeds: int) -> None:
    if num_seeds <= 30:
        assert constants._table()[1, num_seeds] == pytest.approx(stats.t.ppf(0.975, num_seeds - 1), abs=1e-4)
    assert of_runs(1, num_seeds, 0.1) == pytest.approx(stats.t.ppf(0.95, num_seeds - 1))


@pytest.mark.parametrize("num_arms", [2, 5, 8])
def test_known_variances_are_dunnetts_case(num_arms: int) -> None:
    """The multivariate normal distribution of correlation one half."""
    correlation: Any = np.full((num_arms, num_arms), 0.5) + 0.5 * np.eye(num_arms)
    bound = np.full(num_arms, of_images(num_arms))
    inside = stats.multivariate_normal(cov=correlation, seed=0).cdf(bound, lower_limit=-bound)
    assert inside == pytest.approx(0.95, abs=1e-3)


def test_a_prior_without_limit_is_dunnetts_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """If every arm has the pooled variance of all runs the maximum is that of Dunnett's test, as scipy has it."""
    rng = np.random.default_rng(1)
    runs = rng.standard_normal((4, 6))
    pooled = runs.var(1, ddof=1).mean()
    means = (runs[1:] - runs[0]).mean(1)
    largest = float(constants.maxima(means[None], np.full((1, 3), 2 * pooled / 6), 6)[0])
    reference = stats.dunnett(*runs[1:], control=runs[0])
    assert largest == pytest.approx(np.abs(reference.statistic).max())


def test_constants_fall_with_seeds_and_rise_with_arms() -> None:
    by_seeds = [of_runs(6, num_seeds) for num_seeds in (3, 5, 10, 30, 31, 60, 1000)]
    assert by_seeds == sorted(by_seeds, reverse=True)
    assert by_seeds[-1] == pytest.approx(of_images(6), abs=0.01)
    by_arms = [of_runs(num_arms, 10) for num_arms in (2, 3, 5, 10, 20, 40)]
    assert by_arms == sorted(by_arms)
    assert of_images(40) > of_images(20)


def test_beyond_the_table_false_statements_stay_rare() -> None:
    assert _missed(4, 50, of_runs(4, 50), 1000) == pytest.approx(0.05, abs=0.02)


def test_other_levels_are_simulated_and_always_the_same() -> None:
    first = of_runs(3, 5, 0.1)
    assert first < of_runs(3, 5) < of_runs(3, 5, 0.01)
    constants._simulated.cache_clear()
    assert of_runs(3, 5, 0.1) == first


def test_few_images_widen_by_the_quantile_of_t() -> None:
    assert of_few_images(11) == pytest.approx(stats.t.ppf(0.975, 10) / special.ndtri(0.975))
    assert of_few_images(1e6) == pytest.approx(1, abs=1e-5)
    assert of_few_images(0.5) == of_few_images(2)


def test_refuses_two_seeds_and_too_many_arms() -> None:
    with pytest.raises(InputError, match="at least 3 seeds, found 2"):
        of_runs(5, 2)
    with pytest.raises(InputError, match="1 to 200 arms can be judged together, found 201"):
        of_runs(201, 5)
