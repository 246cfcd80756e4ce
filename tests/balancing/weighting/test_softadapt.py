"""SoftAdapt: its variants on numbers that can be worked out by hand, and its sign."""

from __future__ import annotations

import math
from typing import Any

import pytest

from auxseg.balancing import SoftAdaptConfig
from tests.balancing.weighting.weigh import weigh_after

BEFORE, AFTER = {"slow": 1.0, "fast": 4.0}, {"slow": 0.9, "fast": 2.0}


def _weights(variant: str, beta: float = 0.5) -> dict[str, float]:
    settings = SoftAdaptConfig(variant=variant, beta=beta)  # pyright: ignore[reportArgumentType]
    return weigh_after(settings, [BEFORE, AFTER])


def _expected(slow: float, fast: float) -> dict[str, Any]:
    return {"slow": pytest.approx(2 * slow / (slow + fast)), "fast": pytest.approx(2 * fast / (slow + fast))}


def test_variants() -> None:
    assert _weights("plain") == _expected(math.exp(0.5 * -0.1), math.exp(0.5 * -2.0))
    slow, fast = math.exp(0.5 * -0.1 / 2.1), math.exp(0.5 * -2.0 / 2.1)
    assert _weights("normalised") == _expected(slow, fast)
    assert _weights("loss-weighted") == _expected(0.9 * math.exp(-0.05), 2 * math.exp(-1.0))
    assert _weights("normalised-loss-weighted") == _expected(0.9 * slow, 2 * fast)


@pytest.mark.parametrize("variant", ["plain", "normalised"])
def test_fault_19_the_task_whose_loss_falls_slower_counts_more(variant: str) -> None:
    weights = _weights(variant)
    assert weights["slow"] > 1 > weights["fast"]
    sharper = _weights(variant, beta=5.0)
    assert sharper["slow"] > weights["slow"]


def test_fault_19_loss_weights_do_not_cancel_and_every_call_has_its_losses() -> None:
    assert _weights("normalised-loss-weighted") != pytest.approx(_weights("normalised"))
    many = [{"slow": 1.0 / (step + 1), "fast": 1.0 / (step + 1) ** 2} for step in range(6)]
    weights = weigh_after(SoftAdaptConfig(variant="loss-weighted", every="step"), many, steps_per_epoch=2)
    assert all(math.isfinite(weight) for weight in weights.values())


def test_losses_that_stand_still_weigh_the_same() -> None:
    still = [{"a": 1.0, "b": 3.0}] * 3
    assert weigh_after(SoftAdaptConfig(variant="normalised"), still) == {"a": 1, "b": 1}
    assert weigh_after(SoftAdaptConfig(variant="loss-weighted"), [{"a": 0.0, "b": 0.0}] * 3) == {"a": 1, "b": 1}


def test_before_two_epochs_all_weigh_the_same() -> None:
    assert weigh_after(SoftAdaptConfig(weights={"fast": 0.001}), [BEFORE]) == {"slow": 1, "fast": 0.001}


def test_weights_of_the_recipe_scale_the_losses_that_are_compared() -> None:
    scaled = weigh_after(SoftAdaptConfig(beta=0.5, weights={"fast": 0.1}), [BEFORE, AFTER])
    slow, fast = math.exp(0.5 * -0.1), math.exp(0.5 * -0.2)
    assert scaled["slow"] == pytest.approx(2 * slow / (slow + fast))
    assert scaled["fast"] == pytest.approx(0.1 * 2 * fast / (slow + fast))
