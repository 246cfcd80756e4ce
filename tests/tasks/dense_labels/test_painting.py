"""Maps as pictures: where there are numbers, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.tasks.dense_labels.painting import paint_any, paint_rgb, paint_scale

PICTURE = np.full((6, 8, 3), 77, np.uint8)


def test_a_scale_goes_from_yellow_to_dark_blue() -> None:
    """The ends of viridis as matplotlib has them."""
    drawn = paint_scale(PICTURE[:2, :2], np.array([[0.0, 1.0], [np.nan, 9.0]], np.float32)).astype(int)
    assert abs(drawn[0, 0] - [253, 231, 37]).max() <= 3
    assert abs(drawn[0, 1] - [68, 1, 84]).max() <= 3
    assert abs(drawn[1, 1] - [68, 1, 84]).max() <= 3
    assert drawn[1, 0].tolist() == [77, 77, 77]


def test_a_map_is_enlarged_to_its_picture() -> None:
    drawn = paint_scale(PICTURE, np.array([[0.5, 0.5], [np.nan, 0.5]], np.float32))
    assert (drawn[3:, :4] == 77).all()
    assert (drawn[:3] == drawn[0, 0]).all()


def test_three_numbers_are_a_colour() -> None:
    values = np.array([0.0, 0.5, 2.0], np.float32)[:, None, None].repeat(3, 1).repeat(4, 2)
    assert paint_rgb(PICTURE, values)[3, 3].tolist() == [0, 128, 255]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_any_map_has_its_own_range(channels) -> None:
    values = np.random.default_rng(0).normal(100, 30, (channels, 6, 8)).astype(np.float32)
    drawn = paint_any(PICTURE, values)
    assert drawn.shape == PICTURE.shape
    assert (PICTURE == 77).all()
    np.testing.assert_array_equal(drawn, paint_any(PICTURE, values * 10 - 5))
    assert (paint_any(PICTURE, np.full_like(values, np.nan)) == 77).all()
    assert np.isfinite(paint_any(PICTURE, np.full_like(values, 3.0))).all()
