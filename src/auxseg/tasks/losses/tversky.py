"""Tversky loss of masks.

Shape legend: ``N`` images, ``C`` classes, ``H W`` pixels.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses.by_class import mean_over_classes, scored_classes


def tversky(
    log_probabilities: Float[Tensor, "N C H W"],
    target: UInt8[Tensor, "N H W"],
    alpha: float,
    beta: float,
    class_weights: Float[Tensor, " C"] | None = None,
) -> Float[Tensor, " N"]:
    """``mean_c (1 - TP_c / (TP_c + alpha FP_c + beta FN_c))`` for each image, in [0, 1].

    With q the probability of class c at the labelled pixel p and g 1 where that is the true class, else 0:
    ``TP_c = sum_p q g``, ``FP_c = sum_p q (1 - g)``, ``FN_c = sum_p (1 - q) g``. c runs over the classes that
    `soft_dice` scores, weighted in the same way. ``alpha`` is the price of false alarms and ``beta`` that of what is
    missed, both above 0; both 0.5 is the soft Dice loss.

    Source: Salehi, Erdogmus, Gholipour 2017, Tversky loss function for image segmentation using 3D fully convolutional
    deep networks, https://arxiv.org/abs/1706.05721. Departs from it: the index is computed per image and class.
    """
    labelled = (target != IGNORE).to(log_probabilities.dtype)
    losses, presences = [], []
    for probability, is_true in scored_classes(log_probabilities, target):
        true = is_true.to(log_probabilities.dtype)
        num_true = true.sum((1, 2))
        hits = (probability * true).sum((1, 2))
        false_alarms, missed = (probability * (labelled - true)).sum((1, 2)), ((1 - probability) * true).sum((1, 2))
        total = hits + alpha * false_alarms + beta * missed
        # An absent class may have no total; dividing by it would put NaN into the gradient.
        losses.append(1 - hits / torch.where(num_true > 0, total, 1))
        presences.append(num_true > 0)
    return mean_over_classes(losses, presences, class_weights)
