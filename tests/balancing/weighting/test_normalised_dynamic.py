"""Normalised dynamic weights on numbers that can be worked out by hand."""

from __future__ import annotations

import math

import pytest

from auxseg.balancing import NormalisedDynamicConfig
from tests.balancing.weighting.weigh import weigh_after


def test_progress_is_measured_against_all_losses_together() -> None:
    weights = weigh_after(NormalisedDynamicConfig(temperature=0.5), [{"a": 1.0, "b": 3.0}, {"a": 0.9, "b": 1.1}])
    whole = 2.0 / 4.0
    terms = {"a": math.exp(0.9 / (whole * 0.5)), "b": math.exp(1.1 / 3 / (whole * 0.5))}
    assert weights == pytest.approx({name: 2 * term / sum(terms.values()) for name, term in terms.items()})
    assert weights["a"] > weights["b"]


def test_speed_of_the_whole_does_not_matter() -> None:
    slow = weigh_after(NormalisedDynamicConfig(), [{"a": 1.0, "b": 1.0}, {"a": 0.8, "b": 0.4}])
    fast = weigh_after(NormalisedDynamicConfig(), [{"a": 1.0, "b": 1.0}, {"a": 0.08, "b": 0.04}])
    assert slow == pytest.approx(fast)


def test_the_whole_can_multiply_instead() -> None:
    config = NormalisedDynamicConfig(temperature=0.5, total="multiplies")
    weights = weigh_after(config, [{"a": 1.0, "b": 3.0}, {"a": 0.9, "b": 1.1}])
    whole = 2.0 / 4.0
    terms = {"a": math.exp(0.9 * whole / 0.5), "b": math.exp(1.1 / 3 * whole / 0.5)}
    assert weights == pytest.approx({name: 2 * term / sum(terms.values()) for name, term in terms.items()})


def test_before_two_epochs_all_weigh_the_same() -> None:
    assert weigh_after(NormalisedDynamicConfig(weights={"a": 0.3}), [{"a": 1.0, "b": 9.0}]) == {"a": 0.3, "b": 1}
