"""Soft Dice loss of masks.

Shape legend: ``N`` images, ``C`` classes, ``H W`` pixels.
"""

from __future__ import annotations

from jaxtyping import Float, UInt8
from torch import Tensor

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses.by_class import mean_over_classes, scored_classes


def soft_dice(
    log_probabilities: Float[Tensor, "N C H W"],
    target: UInt8[Tensor, "N H W"],
    class_weights: Float[Tensor, " C"] | None = None,
) -> Float[Tensor, " N"]:
    """``mean_c (1 - 2 sum_p q(p, c) g(p, c) / (sum_p q(p, c) + sum_p g(p, c)))`` for each image, in [0, 1].

    q is the probability of class c at the labelled pixel p and g is 1 where that is the true class, else 0. Of two
    classes c is the foreground only; of more, c runs over the classes that occur in the image's truth, background
    included. With ``class_weights`` the mean is weighted by them. It is 0 where `has_scored_class` is false, so no
    smoothing constant is needed.

    Source: Milletari et al. 2016, V-Net: Fully Convolutional Neural Networks for Volumetric Medical Image
    Segmentation, https://arxiv.org/abs/1606.04797. Departs from it as most later work does: the denominator sums q
    and g and not their squares, and the coefficient is computed per image.
    """
    labelled = (target != IGNORE).to(log_probabilities.dtype)
    losses, presences = [], []
    for probability, is_true in scored_classes(log_probabilities, target):
        true = is_true.to(log_probabilities.dtype)
        num_true = true.sum((1, 2))
        overlap = (probability * true).sum((1, 2))
        total = (probability * labelled).sum((1, 2)) + num_true
        # The clamp changes only absent classes, whose total may be 0 and would put NaN into the gradient.
        losses.append(1 - 2 * overlap / total.clamp(min=1))
        presences.append(num_true > 0)
    return mean_over_classes(losses, presences, class_weights)
