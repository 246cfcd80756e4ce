"""Further masks are refused with one reason and resized without making classes up."""

from __future__ import annotations

import re

import numpy as np
import pytest

from auxseg.data.geometry import fit
from auxseg.data.layers import MaskForm
from auxseg.data.sample import IGNORE

PARTS = MaskForm(("none", "leg", "head"))


def test_usable_values_have_no_fault() -> None:
    assert PARTS.fault(np.array([[0, 1], [2, IGNORE]], np.uint8), (2, 2)) == ""
    assert PARTS.fault(np.full((2, 2), IGNORE, np.uint8), (2, 2)) == ""


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (np.zeros((2, 3), np.uint8), "is 2 x 3, but its image asks for 2 x 2"),
        (np.zeros((2, 2), int), "should hold uint8, not int64"),
        (
            np.full((2, 2), 3, np.uint8),
            "holds class 3, but its classes are 0 to 2, and 255 for ignored pixels",
        ),
    ],
)
def test_other_values_are_refused_with_the_reason(values, fault) -> None:
    assert PARTS.fault(values, (2, 2)) == fault


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ((), "a mask has 1 to 254 classes, not 0"),
        (tuple(map(str, range(255))), "a mask has 1 to 254 classes, not 255"),
        (("a", "a"), "two classes of a mask have the same name"),
        (("a", "\0"), "one of the classes of a mask has a name that holds a NUL character"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused(names, reason) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        MaskForm(names)


def test_resizing_takes_the_nearest_pixel() -> None:
    values = PARTS.example(6, np.random.default_rng(0))
    np.testing.assert_array_equal(PARTS.resized(values, (12, 12)), values.repeat(2, 0).repeat(2, 1))
    assert PARTS.resized(values, (6, 6)) is values


def test_padding_is_ignored() -> None:
    placed = PARTS.placed(PARTS.example(8, np.random.default_rng(0))[:4], fit((4, 8), 8, "letterbox"))
    assert (placed[[0, 1, 6, 7]] == IGNORE).all()
    assert not (placed[2:6] == IGNORE).any()
    assert PARTS.known(placed).sum() == 32
