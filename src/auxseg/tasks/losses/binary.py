"""Losses of masks of two classes that are predicted by one logit.

Shape legend: ``N`` images, ``H W`` pixels.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from auxseg.data.sample import IGNORE


def binary_cross_entropy(
    logits: Float[Tensor, "N H W"], target: UInt8[Tensor, "N H W"], *, balanced: bool = False
) -> Float[Tensor, " N"]:
    """``sum_p w(p) (-t(p) log q(p) - (1 - t(p)) log(1 - q(p)))`` over an image's labelled pixels p, q = sigmoid(logit).

    w is 1, or if ``balanced`` such that both classes weigh as much in an image, and all its pixels together as much as
    without weights: ``n / (2 n_c)`` for a pixel of class c, of which the image has n_c among n labelled pixels (1 in an
    image of one class). Up to a factor per image these are the weights of Xie, Tu 2015, Holistically-Nested Edge
    Detection, https://arxiv.org/abs/1504.06375.
    """
    known, true = target != IGNORE, target == 1
    losses = functional.binary_cross_entropy_with_logits(logits, true.to(logits.dtype), reduction="none")
    weights = known.to(logits.dtype)
    if balanced:
        num_known, num_true = (pixels.sum((1, 2), keepdim=True) for pixels in (known, true))
        num_false = num_known - num_true
        own = torch.where(true, num_true, num_false).clamp(min=1)
        both = (num_true > 0) & (num_false > 0)
        weights = weights * torch.where(both, num_known / (2 * own), 1)
    return (losses * weights).sum((1, 2))


def binary_dice(logits: Float[Tensor, "N H W"], target: UInt8[Tensor, "N H W"]) -> Float[Tensor, " N"]:
    """``1 - 2 sum_p q(p) t(p) / (sum_p q(p) + sum_p t(p))`` over an image's labelled pixels p, with q = sigmoid(logit).

    It is 0 for an image without a pixel of the class, so no smoothing constant is needed; see `soft_dice` for the
    source.
    """
    true = (target == 1).to(logits.dtype)
    probability = logits.sigmoid() * (target != IGNORE)
    num_true = true.sum((1, 2))
    total = probability.sum((1, 2)) + num_true
    return torch.where(num_true > 0, 1 - 2 * (probability * true).sum((1, 2)) / total.clamp(min=1), 0)


def binary_l1(logits: Float[Tensor, "N H W"], target: UInt8[Tensor, "N H W"]) -> Float[Tensor, " N"]:
    """``sum_p |q(p) - t(p)|`` over an image's labelled pixels p, with q = sigmoid(logit)."""
    errors = (logits.sigmoid() - (target == 1).to(logits.dtype)).abs()
    return (errors * (target != IGNORE)).sum((1, 2))


def two_class(logits: Float[Tensor, "N H W"]) -> Float[Tensor, "N 2 H W"]:
    """The logarithms of the two classes' probabilities, for the losses of masks of any number of classes."""
    return torch.stack([functional.logsigmoid(-logits), functional.logsigmoid(logits)], dim=1)
