"""What all weightings share: shares that add up, and settings that are weights."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy.special import softmax

from auxseg.balancing.weighting.weighting import GatedConfig, WeightedConfig, Weighting, shares, switched_on

EXPONENTS = st.lists(st.floats(-50, 50), min_size=1, max_size=5)


@given(EXPONENTS, st.data())
def test_shares_are_the_softmax_with_factors(values: list[float], data: st.DataObject) -> None:
    factors = data.draw(st.lists(st.floats(0.01, 100), min_size=len(values), max_size=len(values)))
    names = "abcde"[: len(values)]
    found = shares(dict(zip(names, values, strict=True)), dict(zip(names, factors, strict=True)))
    expected = softmax(np.asarray(values) + np.log(factors))
    assert list(found.values()) == pytest.approx(expected.tolist(), rel=1e-9)
    assert sum(found.values()) == pytest.approx(1)


def test_the_order_of_names_changes_no_bit() -> None:
    exponents, factors = {"a": 0.7, "b": 0.5, "c": -0.2, "d": -0.5}, {"a": 1.6, "b": 1.3, "c": 2.4, "d": 1.0}
    expected = shares(exponents, factors)
    for names in itertools.permutations(exponents):
        assert shares({name: exponents[name] for name in names}, factors) == expected


@pytest.mark.parametrize("size", [1e3, -1e3, 1e300])
def test_exponents_of_any_size_overflow_nothing(size: float) -> None:
    ones = {"a": 1.0, "b": 3.0}
    assert shares({"a": size, "b": size}, ones) == {"a": 0.25, "b": 0.75}
    assert shares({"a": 1e3, "b": -1e3}, ones) == {"a": 1.0, "b": 0.0}


def test_tasks_that_are_not_named_weigh_one() -> None:
    config = WeightedConfig(kind="x", weights={"box": 0.25, "depth": 9.0})
    assert config.scales(["mask", "box"]) == {"mask": 1.0, "box": 0.25}
    assert list(config.scales(["box", "mask"])) == ["box", "mask"]


def test_a_weight_of_zero_switches_a_task_off() -> None:
    assert switched_on({"mask": 1.0, "box": 0.0, "edges": 1e-300}) == ["mask", "edges"]
    assert switched_on({}) == []


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf"), "heavy"])
def test_a_weight_is_a_finite_number_from_zero(weight: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(WeightedConfig).validate_python({"kind": "x", "weights": {"box": weight}})
    assert TypeAdapter(WeightedConfig).validate_python({"kind": "x", "weights": {"box": 0}}).weights == {"box": 0.0}


@pytest.mark.parametrize("threshold", [0, -0.1, float("nan"), float("inf")])
def test_a_gate_is_a_finite_number_above_zero(threshold: float) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(GatedConfig).validate_python({"kind": "x", "gate": {"box": threshold}})


def test_a_weighting_does_not_look_at_losses_unless_it_says_so() -> None:
    assert Weighting.uses_losses is False


@pytest.mark.parametrize("method", ["weigh", "observe", "begin_epoch"])
def test_a_weighting_that_leaves_a_part_out_is_none(method: str) -> None:
    parts = {name: lambda self, *_: {} for name in ("weigh", "observe", "begin_epoch") if name != method}
    incomplete: Any = type("Incomplete", (Weighting,), parts)
    with pytest.raises(TypeError, match=f"abstract.*{method}"):
        incomplete()
