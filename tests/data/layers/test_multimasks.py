"""Overlapping masks: packing, and every fault."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.ignore import IGNORE
from auxseg.data.layers import MultiMaskForm
from auxseg.records.values.size import Size

FORM = MultiMaskForm(tuple("abcdefghij"))


def _planes(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([0, 1, IGNORE], np.uint8), (10, 6, 7))


def test_packing_loses_nothing_and_takes_two_bits_a_class() -> None:
    planes = _planes()
    packed = FORM.pack(planes)
    assert packed.shape == FORM.shape(6, 7) == (6, 7, 4)
    assert FORM.fault(packed, (6, 7)) == ""
    np.testing.assert_array_equal(FORM.unpack(packed), planes)
    np.testing.assert_array_equal(FORM.batched([packed, packed], Size(6, 7))[1], planes)


def test_a_pixel_is_known_where_any_class_is() -> None:
    planes = np.full((10, 1, 2), IGNORE, np.uint8)
    planes[9, 0, 1] = 0
    assert FORM.known(FORM.pack(planes)).tolist() == [[False, True]]


def test_resizing_takes_the_nearest_pixel_of_every_class() -> None:
    planes = _planes()
    doubled = FORM.unpack(FORM.resized(FORM.pack(planes), (12, 14)))
    np.testing.assert_array_equal(doubled, planes.repeat(2, axis=1).repeat(2, axis=2))


def test_shares_are_among_the_pixels_of_which_a_class_is_known() -> None:
    planes = _planes()
    tally = FORM.tally(FORM.pack(planes))
    assert tally.by_name["c"] == (int((planes[2] == 1).sum()), int((planes[2] != IGNORE).sum()))
    assert (tally.num_all, tally.num_known) == (42, int((planes != IGNORE).any(0).sum()))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((6, 7, 3), np.uint8), "is 6 x 7 x 3, but its image asks for 6 x 7 x 4"),
        (np.zeros((6, 7, 4), np.int64), "should hold uint8, not int64"),
        (np.full((6, 7, 4), 255, np.uint8), "holds more than its 10 classes"),
        (np.full((6, 7, 4), [255, 0, 0, 0], np.uint8), "belongs to a class of which nothing is known"),
    ],
)
def test_values_that_make_no_sense_have_a_fault(values, reason) -> None:
    assert reason in FORM.fault(values, (6, 7))
