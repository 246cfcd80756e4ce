"""The weights of a merger, on figures that can be worked out."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest

from auxseg.training.forking.search import search


def _near(points: Sequence[float], wanted: float) -> object:
    """The nearer the weighted mean of the points, the better."""
    return lambda weights: -abs(sum(w * point for w, point in zip(weights, points, strict=True)) - wanted)


@pytest.mark.parametrize(
    ("points", "wanted", "expected"),
    [
        ((0.0, 1.0), 0.0, [1.0, 0.0]),
        ((0.0, 1.0), 1.0, [0.0, 1.0]),
        ((0.0, 1.0), 0.5, [0.5, 0.5]),
        ((0.0, 1.0), 1 / 6, [5 / 6, 1 / 6]),
        ((0.0, 1.0, 1.0), 2 / 3, [1 / 3, 2 / 3, 0.0]),
        ((1.0, 5.0, -1.0), 0.0, [0.5, 0.0, 0.5]),
    ],
)
def test_it_finds_the_weights_of_a_wanted_mean(points: Sequence[float], wanted: float, expected: list[float]) -> None:
    figure: object = _near(points, wanted)
    assert search(len(points), 5, figure) == pytest.approx(expected)  # pyright: ignore[reportArgumentType]


def test_no_branch_alone_is_better() -> None:
    """Whatever the figures are, also if some of them are no numbers."""
    for seed in range(200):
        generator = random.Random(seed)
        asked: dict[tuple[float, ...], float] = {}

        def figure(weights: Sequence[float], asked: dict = asked, generator: random.Random = generator) -> float:
            assert math.fsum(weights) == pytest.approx(1)
            assert min(weights) >= 0
            found = math.nan if generator.random() < 0.2 else generator.random()
            return asked.setdefault(tuple(weights), found)

        chosen = tuple(search(3, 4, figure))
        assert chosen in asked
        alone = [asked[tuple(float(one == other) for other in range(3))] for one in range(3)]
        known = [value for value in alone if not math.isnan(value)]
        assert not known or asked[chosen] >= max(known)


def test_it_measures_no_more_than_it_says() -> None:
    for num_branches, candidates in ((2, 1), (2, 5), (4, 3)):
        asked: list[Sequence[float]] = []

        def figure(weights: Sequence[float], asked: list = asked) -> float:
            asked.append(weights)
            return 0.0

        assert search(num_branches, candidates, figure) == [1.0, *[0.0] * (num_branches - 1)]  # the first of equals
        assert len(asked) == num_branches + candidates * (num_branches - 1)


def test_one_branch_is_not_measured() -> None:
    assert search(1, 5, lambda weights: pytest.fail("measured")) == [1.0]
