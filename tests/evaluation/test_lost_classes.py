"""Which classes are lost: those that the truth has and of which no pixel is right."""

from __future__ import annotations

import math

import torch

from auxseg.evaluation.lost_classes import lost_classes
from auxseg.metrics.segmentation import by_class

NAMES = ("road", "car", "pole", "sign", "sky")


def test_only_classes_of_the_truth_without_a_hit_are_lost() -> None:
    """Pole is never predicted, sign only elsewhere, and sky is predicted where there is none."""
    confusion = torch.zeros(5, 5, dtype=torch.int64)
    confusion[0, 0], confusion[0, 4], confusion[1, 1], confusion[1, 3] = 900, 20, 40, 10
    confusion[2, 0], confusion[3, 1] = 20, 10
    figures = by_class(confusion)
    classes = {name: {key: values[i].item() for key, values in figures.items()} for i, name in enumerate(NAMES)}
    assert lost_classes(classes) == {"pole": 0.02, "sign": 0.01}


def test_nothing_is_lost_where_nothing_is_known() -> None:
    assert lost_classes({}) == {}
    assert lost_classes({"road": {"iou": math.nan, "pixels": 0.0}, "odd": {"depth": 1.0}}) == {}
