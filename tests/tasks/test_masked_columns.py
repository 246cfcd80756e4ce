from __future__ import annotations

import pytest
import torch

from auxseg.tasks.masked_columns import cells


def test_unknown_values_are_left_empty_and_the_others_stay_as_they_are() -> None:
    values = [0.0, float("nan"), "cat", 3]
    assert cells(values, torch.tensor([True, False, True, True])) == [0.0, None, "cat", 3]
    assert cells(iter([0]), torch.tensor([False])) == [None]
    assert cells([], torch.zeros(0, dtype=torch.bool)) == []


def test_a_column_has_a_cell_for_every_image() -> None:
    with pytest.raises(ValueError, match="shorter"):
        cells([1.0, 2.0], torch.tensor([True]))
    with pytest.raises(ValueError, match="longer"):
        cells([1.0], torch.tensor([True, True]))
