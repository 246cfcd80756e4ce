"""Noise is even, periodic and the same in every process; detail finer than a pixel is averaged away."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.data.sources.synthetic.textures import Texture, lookup, smoothstep

TEXTURES: tuple[Texture, ...] = get_args(Texture)
EVERY = pytest.mark.parametrize("texture", TEXTURES)


def tile(texture: Texture, density: float, num: int) -> np.ndarray:
    """One whole period, which is two units, looked up at so many centres."""
    at = ((np.arange(num, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / num)).astype(np.float32)
    u, v = np.broadcast_arrays(at[None, :], at[:, None])
    return lookup(texture, u, v, density)


@EVERY
def test_noise_has_mean_0_and_deviation_1(texture: Texture) -> None:
    values = tile(texture, 256, 512)
    assert values.mean() == pytest.approx(0, abs=1e-4)
    assert values.std() == pytest.approx(1, abs=1e-4)


@EVERY
def test_noise_repeats_after_two_units_to_all_sides(texture: Texture) -> None:
    random = np.random.default_rng(0)
    u, v = ((random.integers(0, 512, (9, 9)) + 0.5) / 256 for _ in range(2))
    u, v = u.astype(np.float32), v.astype(np.float32)
    expected = lookup(texture, u, v, 256)
    np.testing.assert_array_equal(lookup(texture, u + np.float32(2), v, 256), expected)
    np.testing.assert_array_equal(lookup(texture, u, v + np.float32(4), 256), expected)
    assert not np.array_equal(lookup(texture, u + np.float32(1), v, 256), expected)


@EVERY
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_coarser_noise_is_the_mean_of_the_finer(texture: Texture, level: int) -> None:
    side = 2**level
    fine, coarse = tile(texture, 256, 512), tile(texture, 256 / side, 512 // side)
    blocks = fine.reshape(512 // side, side, 512 // side, side).mean(axis=(1, 3))
    np.testing.assert_allclose(coarse, blocks, atol=1e-5)
    assert coarse.std() < fine.std()


def test_finer_and_coarser_than_all_tiles_are_the_finest_and_the_coarsest() -> None:
    np.testing.assert_array_equal(tile("fur", 5000, 64), tile("fur", 256, 64))
    np.testing.assert_array_equal(tile("fur", 0.5, 64), tile("fur", 16, 64))


def test_fur_runs_along_and_grain_runs_nowhere() -> None:
    """Neighbours across the strand differ more than those along it."""

    def steps(texture: Texture) -> tuple[float, float]:
        values = tile(texture, 256, 512)
        return float(np.abs(np.diff(values, axis=1)).mean()), float(np.abs(np.diff(values, axis=0)).mean())

    along, across = steps("fur")
    assert across > 2 * along
    along, across = steps("grain")
    assert across == pytest.approx(along, rel=0.1)


def test_textures_are_different_noise() -> None:
    tiles = [tile(texture, 256, 512).ravel() for texture in TEXTURES]
    correlations = np.corrcoef(tiles)
    assert np.abs(correlations - np.eye(len(TEXTURES))).max() < 0.2


def test_the_noise_is_pinned() -> None:
    """The generator promises the same pictures for the same seed."""
    at = np.array([[0.25, 1.5]], np.float32)
    found = {texture: lookup(texture, at, at, 256).ravel().tolist() for texture in TEXTURES}
    expected = {
        "fur": [0.925, 0.5515],
        "grain": [-0.8388, 0.1968],
        "cloud": [-2.7514, 0.592],
        "spots": [0.3976, -0.168],
    }
    for texture in TEXTURES:
        assert found[texture] == pytest.approx(expected[texture], abs=1e-3)


@pytest.mark.parametrize(
    ("value", "expected"), [(-5, 0), (1, 0), (1.5, 0.15625), (2, 0.5), (2.5, 0.84375), (3, 1), (9, 1)]
)
def test_a_smooth_step_goes_from_0_to_1(value: float, expected: float) -> None:
    assert smoothstep(np.array([value], np.float32), 1, 3).item() == pytest.approx(expected)


@given(st.lists(st.floats(-2, 3, width=32), min_size=2, max_size=20))
def test_a_smooth_step_never_falls(values: list[float]) -> None:
    found = smoothstep(np.sort(np.array(values, np.float32)), 0, 1)
    assert (np.diff(found) >= -1e-6).all()
    np.testing.assert_allclose(found + smoothstep(1 - np.sort(np.array(values, np.float32)), 0, 1), 1, atol=1e-5)
