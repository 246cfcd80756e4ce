"""What an interval rules out, in words."""

from __future__ import annotations

import dataclasses

import pytest

from auxseg.report.studies.gains import Gain, gain
from tests.report.studies.made_answers import arm


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.42, 1.64, "gains over 1.6, losses over 0.4"),
        (0.71, 1.5, "any loss, gains over 1.5"),
        (-1.94, -0.9, "any gain, losses over 1.9"),
        (-1.0, 0.0, "gains over 0.0, losses over 1.0"),
        (0.0, 1.0, "gains over 1.0, losses over 0.0"),
        (None, None, "nothing yet"),
    ],
)
def test_what_lies_outside_of_the_interval_is_ruled_out(low: float | None, high: float | None, expected: str) -> None:
    assert Gain(0.1, low, high).rules_out == expected


def test_gains_are_points_and_positive_where_the_arm_is_better() -> None:
    box = arm("box", difference=0.012, interval=(-0.003, 0.027))
    assert dataclasses.astuple(gain(box)) == pytest.approx((1.2, -0.3, 2.7))
    assert dataclasses.astuple(gain(box, higher_is_better=False)) == pytest.approx((-1.2, -2.7, 0.3))
    assert gain(arm("box", difference=None, interval=(None, None))) == Gain(None, None, None)
