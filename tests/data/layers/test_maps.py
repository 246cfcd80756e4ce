"""Maps are refused with one reason, and resized over what is known alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.geometry import fit
from auxseg.data.layers import METRES, MapForm

DEPTH = MapForm(unit=METRES)
NORMALS = MapForm(channels=3, is_vector=True)


def depths(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(1, 5, (*shape, 1)).astype(np.float32)


def test_usable_values_have_no_fault() -> None:
    values = depths(4, 6)
    values[1, 2] = np.nan
    assert DEPTH.fault(values, (4, 6)) == ""
    assert NORMALS.fault(NORMALS.example(5, np.random.default_rng(0)), (5, 5)) == ""
    assert MapForm(channels=2, unit="px", is_vector=True).fault(np.full((2, 2, 2), 30.0), (2, 2)) == ""
    assert MapForm().fault(np.full((2, 2, 1), -3.0), (2, 2)) == ""


@pytest.mark.parametrize(
    ("form", "values", "fault"),
    [
        (DEPTH, np.ones((4, 5)), "is 4 x 5, but its image asks for 4 x 5 x 1"),
        (DEPTH, np.ones((5, 4, 1)), "is 5 x 4 x 1, but its image asks for 4 x 5 x 1"),
        (DEPTH, np.ones((4, 5, 1), int), "should hold floating-point numbers, not int64"),
        (DEPTH, np.full((4, 5, 1), np.inf), "holds infinity, or numbers too large for float32; unknown pixels are NaN"),
        (DEPTH, np.full((4, 5, 1), 1e39), "holds infinity, or numbers too large for float32; unknown pixels are NaN"),
        (DEPTH, np.full((4, 5, 1), -0.5), "holds -0.5 m, but a length is not negative; unknown pixels are NaN"),
        (
            NORMALS,
            np.full((4, 5, 3), 0.5),
            "holds a vector of length 0.866, expected unit vectors; unknown pixels are NaN",
        ),
    ],
)
def test_other_values_are_refused_with_the_reason(form, values, fault) -> None:
    assert form.fault(values, (4, 5)) == fault


@pytest.mark.parametrize(
    ("settings_", "reason"),
    [
        ({"channels": 0}, "a map has 1 to 4 channels, not 0"),
        ({"channels": 5}, "a map has 1 to 4 channels, not 5"),
        ({"channels": 1, "is_vector": True}, "a vector field has at least two channels, not 1"),
        ({"unit": "m" * 41}, "the unit of a map has 41 characters; at most 40 are kept"),
        ({"unit": "\0"}, "the unit of a map holds a NUL character"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused(settings_, reason) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        MapForm(**settings_)


@settings(max_examples=20)
@given(factor=st.integers(1, 4), height=st.integers(1, 5), width=st.integers(1, 5), seed=st.integers(0, 99))
def test_shrinking_takes_the_mean_of_the_known_pixels(factor, height, width, seed) -> None:
    """By brute force: block by block."""
    values = depths(height * factor, width * factor, seed=seed)
    values[np.random.default_rng(seed).random(values.shape) < 0.4] = np.nan
    blocks = values.reshape(height, factor, width, factor).transpose(0, 2, 1, 3).reshape(height, width, -1)
    known = ~np.isnan(blocks)
    sums = np.where(known, blocks, 0).sum(2)
    expected = np.where(known.mean(2) >= 0.5, sums / np.maximum(known.sum(2), 1), np.nan)
    np.testing.assert_allclose(DEPTH.resized(values, (height, width))[..., 0], expected, rtol=1e-5)


def test_enlarging_never_spreads_what_is_unknown() -> None:
    values = depths(4, 4)
    values[:, :2] = np.nan
    enlarged = DEPTH.resized(values, (16, 16))
    assert np.isnan(enlarged[:, :8]).all()
    assert enlarged[:, 8:].min() >= np.nanmin(values) - 1e-5
    assert enlarged[:, 8:].max() <= np.nanmax(values) + 1e-5


def test_a_pixel_with_an_unknown_channel_is_unknown() -> None:
    values = NORMALS.example(4, np.random.default_rng(0))
    values[0, 0, 1] = np.nan
    assert np.isnan(NORMALS.resized(values, (4, 4))[0, 0]).all()
    assert NORMALS.known(values).sum() == 15


@pytest.mark.parametrize("size", [3, 4, 8, 13])
def test_directions_keep_their_length(size) -> None:
    resized = NORMALS.resized(NORMALS.example(8, np.random.default_rng(0)), (size, size))
    np.testing.assert_allclose(np.linalg.norm(resized.astype(float), axis=2), 1, atol=2e-3)
    assert resized.dtype == np.float16


def test_opposite_directions_have_no_mean() -> None:
    values = np.zeros((1, 2, 3))
    values[0, 0, 0], values[0, 1, 0] = 1, -1
    assert np.isnan(NORMALS.resized(values, (1, 1))).all()


def test_half_precision_turns_no_direction_by_a_twentieth_of_a_degree() -> None:
    arrows = np.random.default_rng(0).normal(size=(200, 200, 3))
    arrows /= np.linalg.norm(arrows, axis=2, keepdims=True)
    stored = NORMALS.resized(arrows, (200, 200)).astype(float)
    stored /= np.linalg.norm(stored, axis=2, keepdims=True)
    angles = np.degrees(2 * np.arcsin(np.linalg.norm(stored - arrows, axis=2) / 2))
    assert angles.max() < 0.05
    assert DEPTH.dtype == np.float32


def test_padding_is_unknown() -> None:
    placed = DEPTH.placed(depths(10, 20), fit((10, 20), 8, "letterbox"))
    assert np.isnan(placed[:2]).all()
    assert np.isnan(placed[6:]).all()
    assert not np.isnan(placed[2:6]).any()


def test_a_form_says_what_it_is() -> None:
    assert DEPTH.in_words() == "a map of numbers, 1 channel, in m"
    assert NORMALS.in_words() == "a map of unit vectors, 3 channels"
    assert MapForm(channels=2, unit="px", is_vector=True).in_words() == "a map of vectors, 2 channels, in px"


def test_a_length_of_0_is_not_known_and_mixes_with_nothing() -> None:
    depth = np.array([[0.0, 4.0], [0.0, 4.0]])[..., None]
    assert MapForm(unit=METRES).resized(depth, (1, 1)).tolist() == [[[4.0]]]
    assert MapForm().resized(depth, (1, 1)).tolist() == [[[2.0]]]
