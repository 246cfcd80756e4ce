"""Average precision of scores, and F1 of decisions; unknown truths are in none of them.

Shape legend: ``N`` samples, ``T`` tags.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from auxseg.data.ignore import IGNORE


def average_precision(scores: Float[Tensor, " N"], truth: Integer[Tensor, " N"]) -> float:
    """``sum_k (R_k - R_(k-1)) P_k`` over the thresholds k, in [0, 1]; NaN if no truth is 1.

    The thresholds are the different scores, from high to low; P_k and R_k are precision and recall of the samples
    whose score reaches the k-th. Samples of equal scores therefore count together, in whatever order they come. This is
    the area under the stepwise curve, without interpolation, as scikit-learn computes it
    (https://scikit-learn.org/stable/modules/generated/sklearn.metrics.average_precision_score.html).
    """
    known = truth != IGNORE
    order = scores[known].double().argsort(descending=True)
    ranked, right = scores[known][order].double(), (truth[known][order] == 1).double()
    if not right.any():
        return float("nan")
    is_last = torch.ones(len(ranked), dtype=torch.bool, device=scores.device)  # of those with the same score
    is_last[:-1] = ranked[1:] != ranked[:-1]
    hits = right.cumsum(0)[is_last]
    counts = torch.arange(1, len(ranked) + 1, device=scores.device)[is_last]
    steps = torch.diff(hits, prepend=hits.new_zeros(1))
    return ((hits / counts) * steps).sum().item() / right.sum().item()


def tag_counts(
    prediction: Integer[Tensor, "N T"], truth: Integer[Tensor, "N T"]
) -> tuple[Integer[Tensor, "N T"], Integer[Tensor, "N T"], Integer[Tensor, "N T"]]:
    """1 for every true positive, false positive and false negative."""
    known, is_true, is_found = truth != IGNORE, truth == 1, prediction == 1
    parts = is_true & is_found, known & ~is_true & is_found, is_true & ~is_found
    return parts[0].long(), parts[1].long(), parts[2].long()


def f1(hits: float, false_alarms: float, missed: float) -> float:
    """``2 TP / (2 TP + FP + FN)``; NaN where nothing is true or predicted."""
    total = 2 * hits + false_alarms + missed
    return 2 * hits / total if total else float("nan")
