"""Figures of merit of several boxes per image: the average precision of COCO.

Boxes that were found are matched to true ones image by image (`match`), which gives counts of fixed size, and the
counts of all images give the figures (`summarise`). Both follow pycocotools' COCOeval for boxes of all sizes and at
most 100 found per image (https://cocodataset.org/#detection-eval), but where scores are equal: COCOeval then goes by
the order of the images, and this puts what is wrong first, so that the order does not matter.

Shape legend: ``D`` found boxes, ``G`` true ones, ``N`` images, ``C`` classes, ``Q`` IoU thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int, Num

THRESHOLDS: Final = np.linspace(0.5, 0.95, 10)
"""IoU from which on a box is right."""

_RECALLS: Final = np.linspace(0, 1, 101)
"""Where precision is read off."""

_WIDEST: Final = 1 - 1e-10


@dataclass(frozen=True)
class Summary:
    """Figures by class (and threshold), NaN for a class without true boxes."""

    precision: Float[np.ndarray, "C Q"]
    """Average precision: the mean of the precision at 101 recalls."""
    recall: Float[np.ndarray, "C Q"]
    """Share of the true boxes that are found at all."""


def match(
    boxes: Float[np.ndarray, "D 4"], ids: Int[np.ndarray, " D"], true: Float[np.ndarray, "G 6"]
) -> tuple[Bool[np.ndarray, "D Q"], Bool[np.ndarray, "D Q"]]:
    """Which boxes found in an image, the surest first, are right at each threshold, and which count for nothing.

    Each takes the free true box of its class that it overlaps most. One that finds none, but lies in a crowd (by the
    share of its own area), counts for nothing. ``true`` holds rows ``x0 y0 x1 y1 class crowd``.
    """
    right, ignored = (np.zeros((len(boxes), len(THRESHOLDS)), bool) for _ in range(2))
    if not len(true):
        return right, ignored
    is_crowd = true[:, 5] == 1
    overlaps = _overlaps(boxes, true[:, :4], is_crowd)
    overlaps[ids[:, None] != true[:, 4]] = -1.0
    least = np.minimum(THRESHOLDS, _WIDEST)
    free = np.tile(~is_crowd, (len(THRESHOLDS), 1))
    in_crowd = overlaps[:, is_crowd].max(axis=1, initial=-1.0)
    for place, overlap in enumerate(overlaps):
        candidates = np.where(free, overlap, -1.0)
        # Of equals COCO takes the last.
        best = candidates.shape[1] - 1 - candidates[:, ::-1].argmax(axis=1)
        found = candidates[np.arange(len(least)), best] >= least
        right[place] = found
        free[found, best[found]] = False
        ignored[place] = ~found & (in_crowd[place] >= least)
    return right, ignored


def summarise(
    scores: Float[np.ndarray, "N D"],
    ids: Int[np.ndarray, "N D"],
    right: Bool[np.ndarray, "N D Q"],
    ignored: Bool[np.ndarray, "N D Q"],
    num_true: Num[np.ndarray, "N C"],
) -> Summary:
    """Figures from what `match` says of all images; a found box of score 0 is none, ``num_true`` leaves out crowds."""
    totals = num_true.sum(axis=0)
    precision, recall = (np.full((len(totals), len(THRESHOLDS)), np.nan) for _ in range(2))
    for class_id, total in enumerate(totals):
        if total == 0:
            continue
        mine = (ids == class_id) & (scores > 0)
        for threshold in range(len(THRESHOLDS)):
            hits, counts = right[mine, threshold], ~ignored[mine, threshold]
            order = np.lexsort((hits[counts], -scores[mine][counts]))
            precision[class_id, threshold], recall[class_id, threshold] = _average(hits[counts][order], int(total))
    return Summary(precision, recall)


def _average(hits: Bool[np.ndarray, " D"], total: int) -> tuple[float, float]:
    """Average precision and final recall of found boxes, the surest first."""
    found = hits.cumsum()
    recalls, precisions = found / total, found / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precisions[::-1])[::-1]
    places = np.searchsorted(recalls, _RECALLS, side="left")
    reached = places < len(hits)
    return float(np.where(reached, np.append(envelope, 0)[places], 0).mean()), float(recalls[-1]) if len(hits) else 0.0


def _overlaps(
    boxes: Float[np.ndarray, "D 4"], true: Float[np.ndarray, "G 4"], is_crowd: Bool[np.ndarray, " G"]
) -> Float[np.ndarray, "D G"]:
    """IoU of every pair; of a crowd the share of the found box that lies in it."""
    low = np.maximum(boxes[:, None, :2], true[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], true[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area, other = (np.prod(each[:, 2:] - each[:, :2], axis=1) for each in (boxes, true))
    union = np.where(is_crowd, area[:, None], area[:, None] + other - shared)
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
