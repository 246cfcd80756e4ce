"""Random weights: their distributions, and that they depend on seed, step and name alone."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from auxseg.balancing.weighting.random import Distribution, RandomWeighting

TASKS = ("a", "b", "c")
DISTRIBUTIONS: list[Distribution] = ["normal", "uniform", "bernoulli", "constrained-bernoulli"]


def _draws(
    distribution: Distribution, count: int = 2000, every: int = 1, seed: int = 0, tasks: tuple[str, ...] = TASKS
) -> list[dict[str, float]]:
    weighting = RandomWeighting(tasks, distribution, every, seed)
    return [weighting.weigh(step, {}) for step in range(count)]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_weights_sum_to_the_number_of_tasks_and_favour_none(distribution: Distribution) -> None:
    draws = _draws(distribution)
    assert all(math.fsum(draw.values()) == pytest.approx(3) for draw in draws)
    for name in TASKS:
        values = [draw[name] for draw in draws]
        error = stats.tstd(values) / math.sqrt(len(values))
        assert sum(values) / len(values) == pytest.approx(1, abs=4 * error)


def test_logarithms_of_ratios_have_the_distribution_of_differences() -> None:
    # ln(w_a / w_b) undoes the softmax: the difference of two normal, or of two uniform numbers.
    normal = [math.log(draw["a"] / draw["b"]) for draw in _draws("normal")]
    assert stats.kstest(normal, stats.norm(0, math.sqrt(2)).cdf).pvalue > 1e-3
    uniform = [math.log(draw["a"] / draw["b"]) for draw in _draws("uniform")]
    assert stats.kstest(uniform, stats.triang(0.5, loc=-1, scale=2).cdf).pvalue > 1e-3


def test_bernoulli_draws_are_the_seven_subsets_that_are_not_empty() -> None:
    draws = [tuple(draw[name] > 0 for name in TASKS) for draw in _draws("bernoulli")]
    counts = [draws.count(kind) for kind in set(draws)]
    assert len(counts) == 7
    assert stats.chisquare(counts).pvalue > 1e-3
    constrained = [tuple(draw.values()) for draw in _draws("constrained-bernoulli")]
    assert {tuple(sorted(draw)) for draw in constrained} == {(0, 0, 3)}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_weights_change_every_so_many_steps_and_with_the_seed(distribution: Distribution) -> None:
    draws = _draws(distribution, 40, every=4)
    assert all(draws[step] == draws[step - step % 4] for step in range(40))
    assert len({tuple(draw.values()) for draw in draws}) > 1
    assert draws == _draws(distribution, 40, every=4)
    assert draws != _draws(distribution, 40, every=4, seed=1)


def test_a_further_task_does_not_change_how_others_compare() -> None:
    two, three = _draws("normal", 10, tasks=TASKS[:2]), _draws("normal", 10)
    for fewer, more in zip(two, three, strict=True):
        assert fewer["a"] / fewer["b"] == pytest.approx(more["a"] / more["b"])
