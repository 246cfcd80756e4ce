"""Figures of merit of classes; samples without a label are in none of them.

Shape legend: ``N`` samples, ``C`` classes.
"""

from __future__ import annotations

from jaxtyping import Int, Integer
from torch import Tensor

from auxseg.data.sample import MISSING
from auxseg.metrics import segmentation


def accuracy(prediction: Integer[Tensor, " N"], truth: Integer[Tensor, " N"], missing: int = MISSING) -> float:
    """Share of the labelled samples whose class is right, in [0, 1]; NaN if none is labelled."""
    right = prediction == truth
    return right[truth != missing].double().mean().item()


def confusion(
    prediction: Integer[Tensor, " N"], truth: Integer[Tensor, " N"], num_classes: int, missing: int = MISSING
) -> Int[Tensor, "{num_classes} {num_classes}"]:
    """Count labelled samples by true (row) and predicted (column) class."""
    one_picture = segmentation.confusion(prediction[None, None], truth[None, None], num_classes, ignore=missing)
    return one_picture[0]
