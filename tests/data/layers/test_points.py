"""Key points: every fault, which points are partners, and what becomes of those that are cut off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.data.geometry import fit
from auxseg.data.layers import PointsForm
from auxseg.data.layers.parsing import parse_form
from auxseg.data.layers.points import pairs_by_name
from auxseg.records.values.size import Size

FORM = PointsForm(("nose", "left eye", "right eye"), (("left eye", "right eye"),))


def _rows(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_a_part_knows_the_points_in_it_alone() -> None:
    values = _rows((1, 1, 2), (6, 3, 1), (0, 0, 0))
    np.testing.assert_array_equal(FORM.cut(values, (2, 8, 4, 10)), _rows((0, 0, 0), (2, 1, 1), (0, 0, 0)))
    assert FORM.tally(values).by_name == {"nose": (1, 1), "left eye": (1, 1), "right eye": (0, 1)}


def test_points_are_fitted_as_the_corners_of_boxes_are() -> None:
    place = fit((5, 10), 20, "letterbox")
    placed = FORM.placed(_rows((1, 1, 2), (10, 5, 1), (0, 0, 0)), place)
    np.testing.assert_allclose(placed, _rows((2, 7, 2), (20, 15, 1), (0, 0, 0)))


def test_a_batch_holds_shares_and_nothing_of_unknown_points() -> None:
    batched = FORM.batched([_rows((5, 1, 2), (10, 4, 1), (0, 0, 0)), FORM.blank(8, 10)], Size(8, 10))
    np.testing.assert_allclose(batched[0], [[0.5, 0.125, 2], [1, 0.5, 1], [np.nan] * 3])
    assert np.isnan(batched[1]).all()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((2, 3), np.float32), r"has the shape (2, 3), expected x y visibility for each of 3 points"),
        (np.zeros((3, 3)), "should hold float32, not float64"),
        (_rows((1, 1, 3), (0, 0, 0), (0, 0, 0)), "holds the visibility 3 of nose, expected 0, 1 or 2"),
        (_rows((0, 0, 0), (1, 1, np.nan), (0, 0, 0)), "holds the visibility nan of left eye"),
        (_rows((0, 0, 0), (1, 1, 0), (0, 0, 0)), "holds the place (1, 1) of left eye with the visibility 0"),
        (_rows((0, 0, 0), (0, 0, 0), (11, 1, 2)), "holds right eye at (11, 1), which is not within the 10 x 8 pixels"),
        (_rows((0, 0, 0), (0, 0, 0), (1, np.nan, 1)), "holds right eye at (1, nan), which is not within"),
    ],
)
def test_values_that_make_no_sense_have_a_fault(values, reason) -> None:
    assert reason in FORM.fault(values, (8, 10))


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (("nose", "left_eye", "right_eye"), [("left_eye", "right_eye")]),
        (("R-Paw", "L-Paw", "tail"), [("R-Paw", "L-Paw")]),
        (("eyeLeft", "eyeRight", "LEar", "REar"), [("eyeLeft", "eyeRight"), ("LEar", "REar")]),
        (("left eye", "right ear"), []),
        (("bright_spot", "bleft_spot", "pupil", "pupir"), []),
        (("left_left", "right_right"), [("left_left", "right_right")]),
        (("left eye", "LEFT EYE", "right eye"), [("left eye", "right eye")]),
    ],
)
def test_partners_are_those_that_differ_by_left_and_right_alone(names, pairs) -> None:
    assert list(pairs_by_name(names)) == pairs
    assert parse_form({"kind": "points", "names": list(names)}) == PointsForm(names, tuple(pairs))


@given(st.lists(st.text("lrLR_ eftigh", min_size=1, max_size=8), min_size=1, max_size=8, unique=True))
def test_partners_are_each_others(names) -> None:
    form = PointsForm(tuple(names), pairs_by_name(names))
    assert [form.partners[place] for place in form.partners] == list(range(len(names)))


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([["nose", "tail"]], "flip_pairs holds 'tail', which is none of its points"),
        ([["a", "b"], ["a", "c"]], "flip_pairs holds 'a' twice"),
        ([["a", "a"]], "a list of pairs of two different names"),
        (["ab"], "a list of pairs of two different names"),
        ("a", "a list of pairs of two different names"),
    ],
)
def test_pairs_that_make_no_sense_are_refused(pairs, reason) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_form({"kind": "points", "names": ["nose", "a", "b", "c"], "flip_pairs": pairs})
