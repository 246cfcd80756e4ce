"""A wall above and a floor below the horizon, each in the colours of its own coat."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng

from auxseg.data.sources.synthetic.backdrop import paint_backdrop
from auxseg.data.sources.synthetic.coats import Coat
from auxseg.records.values.size import Size

SIZE = 48
RED, BLUE = (0.8, 0.1, 0.1), (0.1, 0.1, 0.8)
WALL, FLOOR = Coat(RED, RED, RED), Coat(BLUE, BLUE, BLUE)


def is_wall(horizon: float, seed: int = 0, size: int = SIZE) -> np.ndarray:
    """Which pixels are more red than blue."""
    picture = paint_backdrop(WALL, FLOOR, horizon, Size.of(size), default_rng(seed))
    return picture[..., 0] > picture[..., 2]


@pytest.mark.parametrize("seed", range(6))
def test_the_wall_is_above_the_horizon_and_the_floor_below(seed: int) -> None:
    found = is_wall(0.5, seed)
    assert found[: SIZE // 4].mean() > 0.95
    assert found[-SIZE // 4 :].mean() < 0.05
    heights = found.sum(axis=0) / SIZE
    assert heights.mean() == pytest.approx(0.5, abs=0.02)


def test_the_horizon_may_lean_and_is_straight() -> None:
    slopes = []
    for seed in range(8):
        heights = is_wall(0.5, seed).sum(axis=0)
        slope, offset = np.polyfit(np.arange(SIZE), heights, 1)
        assert np.abs(heights - slope * np.arange(SIZE) - offset).max() <= 1
        slopes.append(slope)
    assert max(map(abs, slopes)) > 0.02
    assert min(slopes) < 0 < max(slopes)


@pytest.mark.parametrize(("horizon", "is_all_wall"), [(3.0, True), (-3.0, False)])
def test_a_horizon_outside_of_the_picture_leaves_one_surface(horizon: float, is_all_wall: bool) -> None:
    found = is_wall(horizon)
    assert found.all() if is_all_wall else not found.any()


@pytest.mark.parametrize("seed", range(6))
def test_surfaces_have_the_colours_of_their_coats(seed: int) -> None:
    picture = paint_backdrop(WALL, FLOOR, 0.5, Size.of(SIZE), default_rng(seed))
    assert picture.dtype == np.float32
    assert np.isfinite(picture).all()
    top = picture[: SIZE // 4].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(top / top[0], np.array(RED) / RED[0], atol=0.02)
    assert 0.6 * RED[0] < top[0] < 1.1 * RED[0]


def test_marks_of_a_pattern_show_in_the_colour_of_the_mark() -> None:
    marked = Coat(RED, BLUE, RED)
    pictures = [paint_backdrop(marked, FLOOR, 3.0, Size.of(SIZE), default_rng(seed)) for seed in range(16)]
    shares = [(picture[..., 2] > picture[..., 0] / 4).mean() for picture in pictures]
    assert min(shares) == 0  # a plain one among them
    assert max(shares) > 0.05


def test_surfaces_are_grainy() -> None:
    for seed in range(4):
        picture = paint_backdrop(WALL, FLOOR, 3.0, Size.of(SIZE), default_rng(seed))
        assert 0.01 < picture[..., 0].std() / picture[..., 0].mean() < 0.4


def test_another_size_shows_the_same_backdrop() -> None:
    small, large = is_wall(0.4, 3, 32), is_wall(0.4, 3, 64)
    shrunk = large.reshape(32, 2, 32, 2).mean(axis=(1, 3)) >= 0.5
    assert (shrunk == small).mean() > 0.97
