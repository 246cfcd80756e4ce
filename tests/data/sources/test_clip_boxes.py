"""A box keeps the part of it that lies in the picture, and how far it reached out is known."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.data.sample import Box
from auxseg.data.sources.clip_boxes import clip_box

HW = 40, 50
ANY = st.floats(-100, 100)


@pytest.mark.parametrize(
    ("corners", "kept", "overshoot"),
    [
        ((0, 0, 50, 40), (0, 0, 50, 40), 0),
        ((1, 2, 3, 4), (1, 2, 3, 4), 0),
        ((-3, 2, 10, 20), (0, 2, 10, 20), 3),
        ((5, -0.25, 10, 20), (5, 0, 10, 20), 0.25),
        ((5, 2, 57, 20), (5, 2, 50, 20), 7),
        ((5, 2, 10, 42), (5, 2, 10, 40), 2),
        ((-1, -2, 53, 44), (0, 0, 50, 40), 4),
        ((49.5, 39.5, 60, 60), (49.5, 39.5, 50, 40), 20),
    ],
)
def test_what_lies_inside_is_kept_and_the_farthest_side_is_told(corners, kept, overshoot):
    box, found = clip_box(Box(*corners, name="head"), HW)
    assert box == Box(*kept, name="head")
    assert found == overshoot


@pytest.mark.parametrize(
    "corners",
    [
        (10, 10, 10, 20),
        (10, 10, 20, 10),
        (20, 10, 10, 20),
        (50, 10, 60, 20),
        (-10, 10, 0, 20),
        (10, 40, 20, 50),
        (10, -10, 20, 0),
        (0, 0, 0, 0),
        (0, 0, math.inf, 20),
        (-math.inf, 0, 20, 20),
        (math.nan, 0, 20, 20),
        (0, 0, 20, math.nan),
        (0, math.nan, 20, 20),
        (math.nan, math.nan, math.nan, math.nan),
    ],
)
def test_a_box_of_which_nothing_can_be_seen_is_none(corners):
    assert clip_box(Box(*corners), HW)[0] is None


def test_a_box_that_fits_is_the_same_box():
    box = Box(1, 2, 3, 4)
    assert clip_box(box, HW)[0] is box


@given(ANY, ANY, ANY, ANY)
def test_the_kept_part_is_the_intersection_with_the_picture(x0, y0, x1, y1):
    box, overshoot = clip_box(Box(x0, y0, x1, y1), HW)
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, 50), min(y1, 40)
    if left >= right or top >= bottom:
        assert box is None
        return
    assert box is not None
    assert (box.x0, box.y0, box.x1, box.y1) == (left, top, right, bottom)
    assert overshoot == max(left - x0, top - y0, x1 - right, y1 - bottom) >= 0
    assert clip_box(box, HW) == (box, 0)
