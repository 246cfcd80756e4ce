"""Boxes: every fault, and what cutting and batching do to them."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.geometry import fit
from auxseg.data.layers import BoxesForm
from auxseg.data.layers.boxes import MAX_BOXES, NO_BOX
from auxseg.records.values.size import Size

FORM = BoxesForm(("car", "person"))
NAN = float("nan")


def rows(*values: tuple[float, ...]) -> np.ndarray:
    return np.array(values, np.float32).reshape(-1, 6)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((1, 4), np.float32), "has the shape (1, 4), expected a row of"),
        (np.zeros((1, 6)), "should hold float32, not float64"),
        (rows((0, 0, 11, 5, 0, 0)), "(0, 0, 11, 5), which is empty, or not within the 10 x 8 pixels"),
        (rows((0, 0, 5, 9, 0, 0)), "not within"),
        (rows((-1, 0, 5, 5, 0, 0)), "not within"),
        (rows((3, 3, 3, 5, 0, 0)), "which is empty"),
        (rows((5, 3, 3, 5, 0, 0)), "which is empty"),
        (rows((NAN, 3, 3, 5, 0, 0)), "which is empty"),
        (rows((0, 0, 5, 5, 2, 0)), "a box of class 2, but its classes are 0 to 1"),
        (rows((0, 0, 5, 5, 0.5, 0)), "a box of class 0.5"),
        (rows((0, 0, 5, 5, 0, 2)), "a crowd that is neither 0 nor 1"),
        (np.tile(rows((0, 0, 5, 5, 0, 0)), (MAX_BOXES + 1, 1)), "has 4,097 boxes; at most 4,096 are kept"),
    ],
)
def test_values_that_make_no_sense_have_a_fault(values, reason) -> None:
    assert reason in FORM.fault(values, (8, 10))


def test_no_box_is_usable_and_known() -> None:
    assert FORM.fault(rows(), (8, 10)) == ""
    assert FORM.known(rows()).all()


def test_boxes_are_placed_as_the_picture_is_and_never_reach_into_the_padding() -> None:
    place = fit((20, 40), 16, "letterbox")
    placed = FORM.placed(rows((0, 0, 40, 20, 1, 0), (10, 5, 20, 10, 0, 1)), place)
    assert placed.tolist() == [[0, 4, 16, 12, 1, 0], [4, 6, 8, 8, 0, 1]]


def test_cutting_clips_boxes_and_leaves_out_what_is_gone() -> None:
    cut = FORM.cut(rows((0, 0, 10, 10, 1, 0), (0, 0, 4, 10, 0, 0), (6, 6, 7, 7, 0, 0)), (5, 9, 5, 8))
    assert cut.tolist() == [[0, 0, 3, 4, 1, 0], [1, 1, 2, 2, 0, 0]]


def test_a_batch_has_a_row_for_each_box_and_tells_no_boxes_from_unknown_ones() -> None:
    batched = FORM.batched([rows((0, 2, 5, 10, 1, 0), (0, 0, 1, 1, 0, 1)), rows(), FORM.blank(10, 10)], Size(5, 10))
    assert batched.shape == (3, 2, 6)
    np.testing.assert_allclose(batched[0], [[0, 0.4, 0.5, 2, 1, 0], [0, 0, 0.1, 0.2, 0, 1]])
    assert (batched[1, :, 4] == NO_BOX).all()
    assert np.isnan(batched[2]).all()
    assert FORM.batched([rows()], Size(5, 10)).shape == (1, 1, 6)
