"""Focal loss of masks.

Shape legend: ``N`` images, ``C`` classes, ``H W`` pixels.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from auxseg.tasks.losses.cross_entropy import pixel_losses


def focal(
    log_probabilities: Float[Tensor, "N C H W"],
    target: UInt8[Tensor, "N H W"],
    gamma: float,
    class_weights: Float[Tensor, " C"] | None = None,
) -> Float[Tensor, " N"]:
    """``sum_p -w(t(p)) (1 - q(p, t(p)))^gamma log q(p, t(p))`` over an image's labelled pixels p.

    q is the probability of a pixel's true class t and w the weight of that class, 1 without ``class_weights``. The
    larger ``gamma`` (at least 0) is, the less a pixel counts whose class is found already; 0 is the cross-entropy.

    Source: Lin et al. 2017, Focal Loss for Dense Object Detection, https://arxiv.org/abs/1708.02002. Departs from it:
    a softmax over classes in place of independent sigmoids, so their alpha is the weight of a class.
    """
    surprise = pixel_losses(log_probabilities, target)
    # An exact 0 would have the power's infinite slope for a gamma below 1.
    doubt = (-torch.expm1(-surprise)).clamp(min=torch.finfo(surprise.dtype).tiny)
    return (doubt.pow(gamma) * pixel_losses(log_probabilities, target, class_weights)).sum((1, 2))
