"""Tags: every fault."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.geometry import fit
from auxseg.data.ignore import IGNORE
from auxseg.data.layers import TagsForm

FORM = TagsForm(("rain", "snow", "wind"))


def test_a_part_of_a_picture_has_the_tags_of_the_whole() -> None:
    values = np.array([1, 0, IGNORE], np.uint8)
    np.testing.assert_array_equal(FORM.cut(values, (0, 1, 0, 1)), values)
    np.testing.assert_array_equal(FORM.placed(values, fit((3, 9), 5, "letterbox")), values)
    assert FORM.tally(values).by_name == {"rain": (1, 1), "snow": (0, 1), "wind": (0, 0)}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros(2, np.uint8), r"has the shape (2,), but there are 3 tags"),
        (np.zeros(3, bool), "should hold uint8, not bool"),
        (np.array([0, 7, 0], np.uint8), "holds 7, expected 0, 1, or 255"),
    ],
)
def test_values_that_make_no_sense_have_a_fault(values, reason) -> None:
    assert reason in FORM.fault(values, (4, 4))
