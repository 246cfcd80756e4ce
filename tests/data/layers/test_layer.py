"""A layer's values are checked against its image, and its name can stand in files and settings."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.layers import METRES, Layer, MapForm, name_fault


def test_a_layer_is_asked_by_its_form() -> None:
    layer = Layer(MapForm(unit=METRES), np.ones((2, 3, 1), np.float32))
    assert layer.fault((2, 3)) == ""
    assert layer.fault((3, 2)) == "is 2 x 3 x 1, but its image asks for 3 x 2 x 1"


@pytest.mark.parametrize("name", ["depth", "label_19", "Part-2", "a" * 64])
def test_plain_names_are_fine(name) -> None:
    assert name_fault(name) == ""


@pytest.mark.parametrize("name", ["", "2d", "a/b", "..", "a b", "tiefe\n", "ä", "a" * 65, "_x"])
def test_other_names_are_not(name) -> None:
    assert name_fault(name) == "should be a letter and at most 63 more letters, digits, '_' or '-'"
