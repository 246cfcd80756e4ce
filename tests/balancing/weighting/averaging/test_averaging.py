"""Weights by moving averages of losses, on losses that can be worked out by hand."""

from __future__ import annotations

import math

import pytest

from auxseg.balancing import ScaledLossesConfig, TaskPrioritiesConfig
from tests.balancing.weighting.weigh import weigh_after


def test_slaw_weighs_by_the_inverse_deviation() -> None:
    history = [{"a": 1.0, "b": 10.0}, {"a": 2.0, "b": 14.0}]
    weights = weigh_after(ScaledLossesConfig(beta=0.5), history)
    # averages of loss and square: 1.5 and 2.5, 12 and 148, so deviations of 0.5 and 2
    assert weights == pytest.approx({"a": 2 * 2.0 / 2.5, "b": 2 * 0.5 / 2.5})
    assert weigh_after(ScaledLossesConfig(), [{"a": 1.0, "b": 10.0}]) == {"a": 1.0, "b": 1.0}


def test_slaw_does_not_depend_on_the_unit_of_a_loss() -> None:
    history = [{"a": 1.0, "b": 2.0}, {"a": 1.5, "b": 1.0}, {"a": 1.2, "b": 1.1}]
    one = weigh_after(ScaledLossesConfig(), history)
    other = weigh_after(ScaledLossesConfig(), [{"a": 1000 * each["a"], "b": each["b"]} for each in history])
    assert other["a"] / other["b"] == pytest.approx(one["a"] / one["b"] / 1000)


def test_dtp_puts_the_hard_task_first() -> None:
    losses = {"easy": 0.1, "hard": 2.0}
    terms = {name: (1 - math.exp(-loss)) ** 2 * loss for name, loss in losses.items()}
    expected = {name: 2 * term / sum(terms.values()) for name, term in terms.items()}
    assert weigh_after(TaskPrioritiesConfig(gamma=2.0), [losses]) == pytest.approx(expected)
    plain = weigh_after(TaskPrioritiesConfig(gamma=0.0), [losses])
    assert plain["hard"] / plain["easy"] == pytest.approx(20)
