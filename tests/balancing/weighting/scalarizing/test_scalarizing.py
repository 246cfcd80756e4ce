"""Weights as slopes of a function of all losses, against torchjd's functions."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from torchjd import scalarization

from auxseg.balancing import (
    BoundaryIntersectionConfig,
    CosinePenaltyConfig,
    FAMOConfig,
    LearnedScalesConfig,
    SmoothTchebycheffConfig,
)
from tests.balancing.weighting.weigh import weigh_after

NAMES = ("a", "b", "c")
ONES = torch.ones(3, dtype=torch.float64)


def _slopes(function: torch.nn.Module, losses: torch.Tensor) -> list[float]:
    leaf = losses.clone().requires_grad_()
    function(leaf).backward()
    assert leaf.grad is not None
    return leaf.grad.tolist()


@pytest.mark.parametrize("losses", [[1.0, 2.0, 3.0], [0.3, 0.3, 0.3], [5.0, 0.01, 1.0]])
@pytest.mark.parametrize(
    ("settings", "reference", "factor"),
    [
        (SmoothTchebycheffConfig(mu=0.5), scalarization.STCH(0.5, weights=ONES), 3.0),
        (BoundaryIntersectionConfig(theta=2.0), scalarization.PBI(2.0, weights=ONES), math.sqrt(3)),
        (CosinePenaltyConfig(pull=0.7), scalarization.COSMOS(0.7, weights=ONES), 1.0),
        (FAMOConfig(), scalarization.FAMO(3), 3.0),
        (LearnedScalesConfig(), scalarization.IMTLL(3), 1.0),
    ],
)
def test_weights_are_the_slopes_of_torchjds_function(
    settings: Any, reference: torch.nn.Module, factor: float, losses: list[float]
) -> None:
    expected = [factor * slope for slope in _slopes(reference, torch.tensor(losses, dtype=torch.float64))]
    balancer = settings.build(NAMES, "a", 0)
    weights = balancer.weighting.weigh(0, dict(zip(NAMES, losses, strict=True)))
    assert list(weights.values()) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_famo_learns_as_torchjd_does_from_the_losses_of_the_next_step() -> None:
    generator = torch.Generator().manual_seed(0)
    history = torch.rand(10, 3, generator=generator, dtype=torch.float64) + 0.1
    reference = scalarization.FAMO(3)
    for before, after in pairwise(history):
        reference(before)
        reference.update(after)
    weighting = FAMOConfig().build(NAMES, "a", 0).weighting
    for row in history:
        weighting.observe(dict(zip(NAMES, row.tolist(), strict=True)), NAMES)
    found = weighting.weigh(10, dict(zip(NAMES, history[-1].tolist(), strict=True)))
    assert list(found.values()) == pytest.approx([3 * slope for slope in _slopes(reference, history[-1])], rel=1e-4)


def test_a_loss_far_below_the_others_is_pushed_up_by_the_boundary() -> None:
    assert weigh_after(BoundaryIntersectionConfig(theta=5.0), [{"a": 1.0, "b": 0.1}])["b"] < 0
