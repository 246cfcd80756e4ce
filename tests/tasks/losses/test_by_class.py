"""Which classes count in an image, and their weighted mean."""

from __future__ import annotations

import pytest
import torch

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses import has_scored_class
from auxseg.tasks.losses.by_class import mean_over_classes

MASK = torch.tensor([[[0, 1, IGNORE]], [[2, 2, 2]], [[IGNORE] * 3]], dtype=torch.uint8)


def test_classes_of_weight_zero_are_not_scored() -> None:
    assert has_scored_class(MASK, 3).tolist() == [True, True, False]
    assert has_scored_class(MASK, 3, (1, 1, 0)).tolist() == [True, False, False]
    assert has_scored_class(MASK, 3, (0, 0, 5)).tolist() == [False, True, False]


def test_the_background_of_two_classes_is_not_scored() -> None:
    assert has_scored_class(MASK[:1].clamp(max=1), 2, (1, 0)).tolist() == [False]


def test_the_mean_is_over_classes_that_occur() -> None:
    losses = [torch.tensor([1.0, torch.nan]), torch.tensor([3.0, 5.0]), torch.tensor([9.0, torch.inf])]
    occurs = [torch.tensor([True, False]), torch.tensor([True, True]), torch.tensor([False, False])]
    assert mean_over_classes(losses, occurs, None).tolist() == [2, 5]
    weights = torch.tensor([1.0, 3.0, 7.0])
    assert mean_over_classes(losses, occurs, weights).tolist() == pytest.approx([(1 + 3 * 3) / 4, 5])
    assert mean_over_classes(losses, occurs, weights * 0).tolist() == [0, 0]


def test_of_two_classes_the_weight_is_the_foregrounds() -> None:
    found = mean_over_classes([torch.tensor([0.5])], [torch.tensor([True])], torch.tensor([9.0, 2.0]))
    assert found.tolist() == [0.5]
