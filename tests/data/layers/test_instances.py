"""Instances: every fault, and what is counted."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.layers import InstancesForm
from auxseg.data.layers.instances import UNKNOWN

FORM = InstancesForm()


def test_things_are_counted_and_unknown_pixels_are_none() -> None:
    values = np.array([[0, 7, 7, UNKNOWN], [300, 0, 7, UNKNOWN]], np.uint16)
    tally = FORM.tally(values)
    assert (tally.num_all, tally.num_known, tally.lowest, tally.highest) == (8, 6, 2, 2)
    assert FORM.tally(np.zeros((2, 2), np.uint16)).highest == 0


def test_large_numbers_survive_resizing() -> None:
    values = np.array([[65534, 256], [1, UNKNOWN]], np.uint16)
    np.testing.assert_array_equal(FORM.resized(values, (4, 6)), np.kron(values, np.ones((2, 3), np.uint16)))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((4, 5), np.uint16), "is 4 x 5, but its image asks for 4 x 4"),
        (np.zeros((4, 4), np.uint8), "should hold uint16, not uint8"),
    ],
)
def test_values_that_make_no_sense_have_a_fault(values, reason) -> None:
    assert reason in FORM.fault(values, (4, 4))
