"""The front of two losses is what its closed form says, and balancers that promise it end on it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.pareto import every_kind
from benchmarks.tools.pareto.picture import picture
from benchmarks.tools.pareto.problem import CURVATURES, OPTIMA, SCALES, STARTS, front, losses, train

PROMISE = ("pcgrad", "mgda", "aligned-mtl", "famo")
NUM_STEPS = 150
"""A few of those that come to rest only where neither loss can fall without the other rising."""


def _slopes(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    leaf = torch.tensor(point, requires_grad=True)
    found = [torch.autograd.grad(loss, leaf, retain_graph=True)[0].numpy() for loss in losses(leaf).values()]
    return found[0], found[1]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 1.0])
def test_slopes_cancel_on_the_front_and_nowhere_else(share: float) -> None:
    (point,) = front(np.array([share]))
    one, other = _slopes(point)
    assert share * one + (1 - share) * other == pytest.approx(np.zeros(2), abs=1e-12)
    one, other = _slopes(point + np.array([0.0, 0.1]))
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    assert cosine > -1 + 1e-3


def test_ends_of_the_front_are_the_optima() -> None:
    assert front(np.array([1.0, 0.0])) == pytest.approx(np.array(OPTIMA))


def test_the_sum_ends_at_its_minimum() -> None:
    weights = np.array(SCALES)[:, None] * np.array(CURVATURES)
    minimum = (weights * np.array(OPTIMA)).sum(0) / weights.sum(0)
    end = train("equal", STARTS[0], NUM_STEPS)
    assert end.path[-1] == pytest.approx(minimum, abs=1e-3)
    assert end.is_on_front


@pytest.mark.parametrize("kind", PROMISE)
def test_balancers_that_promise_it_end_on_the_front(kind: str) -> None:
    end = train(kind, STARTS[1], NUM_STEPS)
    assert end.is_on_front
    assert not train(kind, STARTS[1], 1).is_on_front


def test_mgda_stops_where_it_meets_the_front() -> None:
    places = [train("mgda", start, NUM_STEPS).place for start in STARTS[:2]]
    assert max(places) - min(places) > 0.2


def test_the_picture_has_a_row_for_each() -> None:
    drawn = picture({kind: [train(kind, start, 5) for start in STARTS] for kind in ("equal", "mgda")})
    assert drawn.startswith("<svg")
    assert drawn.count(">mgda</text>") == 2  # the legend and the row
    assert {"gcs", "dwa", "pcd"} < set(every_kind())
    assert "krum" not in every_kind()
