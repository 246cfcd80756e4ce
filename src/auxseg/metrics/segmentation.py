"""Figures of merit of masks, all computed from confusion matrices.

A confusion matrix counts pixels: rows are true classes, columns predicted ones, ignored pixels are in no cell. Counts
add: the figure of a data set is the figure of the sum of its images' matrices, never an average of batch averages.

With TP, FP and FN the true positives, false positives and false negatives of one class, that class *occurs* if
TP + FP + FN > 0. Of two classes a figure is the one of class 1, the foreground; of more it is the mean over the
classes that occur, background included. A figure without any class that occurs is NaN.

Shape legend: ``N`` images, ``C`` classes, ``H W`` pixels; ``*n`` is ``N`` for single images and empty for a total.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor

from auxseg.data.sample import IGNORE


def confusion(
    prediction: Integer[Tensor, "N H W"], truth: Integer[Tensor, "N H W"], num_classes: int, ignore: int = IGNORE
) -> Int[Tensor, "N {num_classes} {num_classes}"]:
    """Count pixels by true (row) and predicted (column) class, for each image.

    Both hold class ids below ``num_classes``, except that pixels where the truth is ``ignore`` are not counted.
    """
    num_cells = num_classes**2 + 1  # the last cell takes the ignored pixels
    cell = truth.long() * num_classes + prediction
    cell = cell.masked_fill(truth == ignore, num_classes**2)
    cell += torch.arange(len(truth), device=truth.device)[:, None, None] * num_cells
    counts = torch.bincount(cell.flatten(), minlength=len(truth) * num_cells)
    return counts.view(len(truth), num_cells)[:, :-1].reshape(len(truth), num_classes, num_classes)


def iou(counts: Int[Tensor, "*n C C"]) -> Float[Tensor, "*n"]:
    """Intersection over union (Jaccard index), ``TP / (TP + FP + FN)``, in [0, 1]."""
    return _over_classes(counts, *intersection_and_union(counts))


def intersection_and_union(counts: Int[Tensor, "*n C C"]) -> tuple[Float[Tensor, "*n C"], Float[Tensor, "*n C"]]:
    """Pixels of every class in truth and prediction both (TP), and in either (TP + FP + FN)."""
    hits, truth, prediction = _tallies(counts)
    return hits, truth + prediction - hits


def dice(counts: Int[Tensor, "*n C C"]) -> Float[Tensor, "*n"]:
    """Dice coefficient, ``2 TP / (2 TP + FP + FN)``, in [0, 1]: the F-beta of beta 1."""
    return fbeta(counts, beta=1.0)


def fbeta(counts: Int[Tensor, "*n C C"], beta: float) -> Float[Tensor, "*n"]:
    """``(1 + beta^2) TP / ((1 + beta^2) TP + beta^2 FN + FP)``, in [0, 1].

    It weighs recall ``beta`` times as much as precision (van Rijsbergen 1979, Information Retrieval, chapter 7).
    """
    hits, truth, prediction = _tallies(counts)
    return _over_classes(counts, (1 + beta**2) * hits, beta**2 * truth + prediction)


def precision(counts: Int[Tensor, "*n C C"]) -> Float[Tensor, "*n"]:
    """``TP / (TP + FP)``, in [0, 1]; 0 for a class that occurs but is nowhere predicted."""
    hits, _, prediction = _tallies(counts)
    return _over_classes(counts, hits, prediction)


def recall(counts: Int[Tensor, "*n C C"]) -> Float[Tensor, "*n"]:
    """``TP / (TP + FN)``, in [0, 1]; 0 for a class that is predicted but nowhere true."""
    hits, truth, _ = _tallies(counts)
    return _over_classes(counts, hits, truth)


def by_class(counts: Int[Tensor, "C C"]) -> dict[str, Float[Tensor, " C"]]:
    """Of every class IoU, precision, recall, and its pixels in truth and prediction.

    Unlike in means over classes, a ratio without pixels below it is NaN: the IoU of a class that occurs nowhere, the
    precision of one that is nowhere predicted, the recall of one that is nowhere true.
    """
    hits, truth, prediction = _tallies(counts)
    return {
        "iou": hits / (truth + prediction - hits),
        "precision": hits / prediction,
        "recall": hits / truth,
        "pixels": truth,
        "predicted_pixels": prediction,
    }


def weighted_iou(counts: Int[Tensor, "*n C C"]) -> Float[Tensor, "*n"]:
    """Mean over all classes, background included, of their IoU weighted by their share of the true pixels."""
    hits, truth, prediction = _tallies(counts)
    return (truth * _ratio(hits, truth + prediction - hits)).sum(-1) / truth.sum(-1)


def pixel_accuracy(counts: Int[Tensor, "*n C C"]) -> Float[Tensor, "*n"]:
    """Share of the counted pixels whose class is right, background included."""
    hits, truth, _ = _tallies(counts)
    return hits.sum(-1) / truth.sum(-1)


def is_labelled(counts: Int[Tensor, "*n C C"]) -> Bool[Tensor, "*n"]:
    """Whether any pixel was counted."""
    return counts.sum((-2, -1)) > 0


def is_empty(counts: Int[Tensor, "*n C C"]) -> Bool[Tensor, "*n"]:
    """Whether pixels were counted, all of them background (class 0) in truth and prediction alike.

    Such an image says nothing about how well a foreground is found: it is left out of image means and counted.
    """
    return is_labelled(counts) & (counts[..., 0, 0] == counts.sum((-2, -1)))


def is_scored(counts: Int[Tensor, "*n C C"]) -> Bool[Tensor, "*n"]:
    """Whether an image takes part in image means: it is labelled and not empty."""
    return is_labelled(counts) & ~is_empty(counts)


def _tallies(counts: Int[Tensor, "*n C C"]) -> tuple[Tensor, Tensor, Tensor]:
    """Per class: pixels found (TP), pixels true (TP + FN) and pixels predicted (TP + FP)."""
    counts = counts.double()
    return counts.diagonal(dim1=-2, dim2=-1), counts.sum(-1), counts.sum(-2)


def _over_classes(
    counts: Int[Tensor, "*n C C"], part: Float[Tensor, "*n C"], whole: Float[Tensor, "*n C"]
) -> Float[Tensor, "*n"]:
    """``part / whole`` of the foreground, or its mean over the classes that occur."""
    occurs = counts.sum(-1) + counts.sum(-2) > 0
    scores = torch.where(occurs, _ratio(part, whole), torch.nan)
    return scores[..., 1] if scores.shape[-1] == 2 else scores.nanmean(-1)


def _ratio(part: Float[Tensor, "*n C"], whole: Float[Tensor, "*n C"]) -> Float[Tensor, "*n C"]:
    """``part / whole``, 0 where both are 0."""
    return part / torch.where(whole > 0, whole, 1)
