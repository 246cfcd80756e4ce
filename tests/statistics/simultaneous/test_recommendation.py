"""Recommendations against brute-force integration, their symmetries, and what choosing by them costs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from auxseg.statistics.simultaneous import Comparison, Criteria, Interval, Spread, recommend, recommendation
from auxseg.statistics.simultaneous.recommendation import inflation, mixture, prior_scale

RULES = Criteria()


def _comparison(
    gains: dict[str, float], variance: float = 4e-5, seeds: int = 5, controls: tuple[str, ...] = ()
) -> Comparison:
    arms = {
        name: Interval(gain, 0.02, 0.9 * variance, 0.1 * variance, seeds, 100, name in controls)
        for name, gain in gains.items()
    }
    return Comparison(arms, len(gains) - len(controls), 0.05, Spread(0.005, 0.05, 0.01), 1.0, False, {})


def test_the_posterior_is_that_of_weighted_draws_from_the_prior() -> None:
    gains, variances, scale = np.array([1.5, 0.3, -0.4]), np.array([0.5, 0.6, 0.5]), 0.6
    weights, means, deviations = mixture(gains, variances, scale)
    rng = np.random.default_rng(0)
    taus = np.abs(scale * rng.standard_cauchy((400_000, 1)))
    drawn = scale * rng.standard_normal((400_000, 1)) + taus * rng.standard_t(2, (400_000, 3))
    shared = min(variances.mean() / 2, 0.9 * variances.min())
    errors = stats.multivariate_normal(cov=shared + np.diag(variances - shared))
    likelihood = errors.pdf(gains - drawn)
    likelihood /= likelihood.sum()
    assert (weights * means).sum(0) == pytest.approx(likelihood @ drawn, abs=0.02)
    helps = (weights * stats.norm.cdf(means / deviations)).sum(0)
    assert helps == pytest.approx(likelihood @ (drawn > 0), abs=0.01)


@pytest.mark.parametrize("far", [10.0, 100.0, 300.0])
def test_an_arm_hundreds_of_errors_away_is_met_by_the_grid(far: float) -> None:
    """Against sums that are so close together that every density is met many times."""
    gains, variances, scale = np.array([far, 0.3, -0.4, 0.0]), np.array([1.0, 0.9, 1.1, 4.0]), 0.4
    weights, means, deviations = mixture(gains, variances, scale)
    shared = min(variances.mean() / 2, 0.9 * variances.min())
    sums = np.linspace(-12, far + 12, 40_000)
    (taus, of_taus), (scales, of_scales) = recommendation._taus(scale), recommendation._scales()
    whole, mean, helps = 0.0, np.zeros(4), np.zeros(4)
    share = scale**2 / (scale**2 + shared)
    for tau, of_tau in zip(taus, of_taus, strict=True):
        priors = np.square(tau * scales)
        totals = priors[:, None] + variances - shared
        parts = of_scales[:, None, None] * stats.norm.pdf(gains, sums[:, None], np.sqrt(totals)[:, None])
        likelihood = of_tau * stats.norm.pdf(sums, 0, np.sqrt(scale**2 + shared)) * parts.sum(0).prod(1)
        posterior = likelihood[:, None] * parts / np.maximum(parts.sum(0), 1e-300)
        moved = share * sums[:, None] + (priors[:, None] / totals)[:, None] * (gains - sums[:, None])
        spread = np.sqrt(share * shared + (priors[:, None] / totals * (variances - shared)))[:, None]
        whole += likelihood.sum()
        mean += (posterior * moved).sum((0, 1))
        helps += (posterior * stats.norm.cdf(moved / spread)).sum((0, 1))
    assert (weights * means).sum(0) == pytest.approx(mean / whole, abs=0.02)
    assert (weights * stats.norm.cdf(means / deviations)).sum(0) == pytest.approx(helps / whole, abs=0.01)


def test_the_best_is_recommended_and_drawn_towards_the_others() -> None:
    found = recommend(_comparison({"edges": 0.02, "box": 0.01, "noise": 0.05}, controls=("noise",)), RULES)
    assert found.use == "edges"
    assert list(found.arms) == ["edges", "box"]
    edges, box = found.arms.values()
    assert 0 < edges.gain < 0.02
    assert edges.helps > box.helps > 0.5
    assert edges.reaches_margin < edges.helps
    assert edges.deviation > 0


def test_an_arm_unlike_the_others_is_not_drawn_to_them() -> None:
    """As another encoder beside auxiliaries that gain nothing, with an error of its own that is three times theirs."""
    small = {f"auxiliary {number}": 0.002 * number - 0.004 for number in range(5)}
    comparison = _comparison({"encoder": 0.066, **small}, 1.6e-5, 8)
    comparison.arms["encoder"] = Interval(0.066, 0.036, 1.6e-5, 1.3e-4, 8, 100)
    found = recommend(comparison, RULES)
    assert found.use == "encoder"
    assert 0.055 < found.arms["encoder"].gain < 0.066
    assert found.arms["encoder"].reaches_margin > 0.99
    assert all(abs(one.gain) < 0.004 for name, one in found.arms.items() if name != "encoder")


def test_none_is_recommended_where_none_is_expected_to_gain() -> None:
    assert recommend(_comparison({"edges": -0.01, "box": -0.02}), RULES).use is None
    assert recommend(_comparison({"edges": math.nan}), RULES).use is None


@pytest.mark.parametrize("noise", [0.0, 1e-17, -1e-17])
def test_a_tie_is_no_gain(noise: float) -> None:
    found = recommend(_comparison({"one": noise, "two": 0.0, "three": 0.0}), RULES)
    assert found.use is None


def test_lower_is_better_mirrors() -> None:
    gains = {"edges": 0.02, "box": -0.01}
    one = recommend(_comparison(gains), RULES)
    other = recommend(_comparison({name: -gain for name, gain in gains.items()}), Criteria(higher_is_better=False))
    assert other == one


def test_order_and_units_do_not_matter() -> None:
    gains = {"edges": 0.02, "box": -0.01, "depth": 0.004}
    one = recommend(_comparison(gains), RULES)
    turned = recommend(_comparison(dict(reversed(gains.items()))), RULES)
    scaled = recommend(_comparison({k: 100 * v for k, v in gains.items()}, 0.4), Criteria(margin=1.0))
    for name, expected in one.arms.items():
        assert turned.arms[name].gain == pytest.approx(expected.gain)
        assert scaled.arms[name].gain == pytest.approx(100 * expected.gain)
        assert scaled.arms[name].reaches_margin == pytest.approx(expected.reaches_margin)


def test_more_is_believed_of_more_seeds() -> None:
    few, many = (recommend(_comparison({"edges": 0.01, "box": 0.0}, 2e-4 / n, n), RULES) for n in (3, 10))
    assert few.arms["edges"].helps < many.arms["edges"].helps
    assert few.arms["edges"].gain < many.arms["edges"].gain


def test_one_seed_takes_its_variance_from_elsewhere() -> None:
    arms = {"edges": Interval(0.02, math.inf, math.nan, math.nan, 1, 100)}
    comparison = Comparison(arms, 1, 0.05, Spread(math.nan, math.nan, math.nan), math.nan, False, {})
    assert recommend(comparison, RULES).arms == {}
    found = recommend(comparison, RULES, Spread(0.005, 0.05, 0.01))
    assert found.use == "edges"
    assert 0.5 < found.arms["edges"].helps < 0.9


def test_estimated_variances_are_trusted_less() -> None:
    assert inflation(3, borrows=True) == pytest.approx(10 / 8)
    assert inflation(3, borrows=False) == inflation(2, borrows=False) == 3
    assert prior_scale(np.array([2.0, 4.0]), 6) == pytest.approx(0.25 * 3)


def test_choosing_by_it_costs_little_and_its_probabilities_hold() -> None:
    rng = np.random.default_rng(1)
    regrets, alone, stated, helped = [], [], [], []
    for _ in range(150):
        truth = 0.01 * rng.standard_normal(5)
        measured = truth + 0.004 * rng.standard_normal(5) + 0.004 * rng.standard_normal()
        gains = {str(arm): float(gain) for arm, gain in enumerate(measured)}
        found = recommend(_comparison(gains, 3.2e-5, 5), RULES)
        best = max(float(truth.max()), 0.0)
        regrets.append(best - (truth[int(found.use)] if found.use else 0))
        alone.append(best)
        stated += [one.helps for one in found.arms.values()]
        helped += (truth > 0).tolist()
    assert np.mean(regrets) < 0.15 * np.mean(alone)
    sure = np.array(stated) > 0.9
    assert sure.sum() > 40
    assert np.mean(np.array(helped)[sure]) > 0.9
