"""Light comes from above and in front, and the sensor keeps what it can show."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng

from auxseg.data.sources.synthetic.camera import expose, illuminate, make_light

SIZE = 64


def flat(value: float) -> np.ndarray:
    return np.full((SIZE, SIZE, 3), value, np.float32)


@pytest.mark.parametrize("seed", range(20))
def test_light_comes_from_above_and_from_the_viewers_side(seed: int) -> None:
    light = make_light(default_rng(seed))
    assert np.linalg.norm(light.direction) == pytest.approx(1, abs=1e-6)
    x, y, z = light.direction
    assert y < 0
    assert z > 0
    assert abs(x) < 0.8
    assert 0.4 <= light.ambient <= 0.65


@pytest.mark.parametrize("seed", range(6))
def test_light_multiplies_and_makes_nothing_of_black(seed: int) -> None:
    one, two = (illuminate(flat(value), default_rng(seed)) for value in (0.25, 0.5))
    np.testing.assert_allclose(two, 2 * one, rtol=1e-5)
    assert (one > 0).all()
    assert not illuminate(flat(0.0), default_rng(seed)).any()


def test_light_is_uneven_across_a_picture_and_often_has_a_shadow() -> None:
    ratios = []
    for seed in range(30):
        lit = illuminate(flat(1.0), default_rng(seed)).mean(axis=2)
        steps = np.abs(np.diff(lit, axis=1)).max() / lit.mean()
        ratios.append(steps)
    assert 0.2 < np.mean(np.array(ratios) > 0.04) < 0.8


def test_light_does_not_depend_on_the_size_of_the_picture() -> None:
    small = illuminate(np.ones((32, 32, 3), np.float32), default_rng(1))
    large = illuminate(np.ones((64, 64, 3), np.float32), default_rng(1))
    shrunk = large.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - small).mean() < 0.02


@pytest.mark.parametrize("value", [0.1, 0.5, 0.7])
def test_the_sensor_keeps_what_is_no_highlight(value: float) -> None:
    found = expose(flat(value), default_rng(0))
    assert found.dtype == np.uint8
    assert found.mean() == pytest.approx(255 * value, abs=0.5)


def test_noise_is_that_of_a_sensor() -> None:
    deviations = [expose(flat(0.5), default_rng(seed)).std() / 255 for seed in range(12)]
    assert 0.005 < min(deviations) < max(deviations) < 0.024


@pytest.mark.parametrize(("value", "expected"), [(0.75, 0.75), (1.0, 0.75 + 0.25 * np.tanh(1)), (3.0, 1.0)])
def test_highlights_have_a_shoulder(value: float, expected: float) -> None:
    """They come ever closer to white and are told apart for long."""
    assert expose(flat(value), default_rng(0)).mean() / 255 == pytest.approx(expected, abs=0.012)


def test_no_value_wraps_around() -> None:
    assert expose(flat(50.0), default_rng(0)).min() > 230
    assert expose(flat(-1.0), default_rng(0)).max() < 20


def test_an_edge_is_blurred_by_less_than_a_pixel_or_so() -> None:
    picture = flat(0.1)
    picture[:, SIZE // 2 :] = 0.6
    found = expose(picture, default_rng(0)).astype(float).mean(axis=(0, 2)) / 255
    assert found[SIZE // 2 - 3] == pytest.approx(0.1, abs=0.02)
    assert found[SIZE // 2 + 2] == pytest.approx(0.6, abs=0.02)


def test_the_same_random_numbers_take_the_same_picture() -> None:
    np.testing.assert_array_equal(expose(flat(0.5), default_rng(3)), expose(flat(0.5), default_rng(3)))
    assert (expose(flat(0.5), default_rng(3)) != expose(flat(0.5), default_rng(4))).any()
