"""Cross-entropy of the hardest pixels of masks: online hard example mining.

Shape legend: ``N`` images, ``H W`` pixels, ``C`` classes.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses.cross_entropy import pixel_losses


def hard_cross_entropy(
    log_probabilities: Float[Tensor, "N C H W"],
    target: UInt8[Tensor, "N H W"],
    share: float,
) -> Float[Tensor, " N"]:
    """``sum_p -log q(p, t(p))`` over the `num_hard` pixels p of an image whose true class is least probable.

    Of equally hard pixels the first ones are taken. A ``share`` of 1 is the cross-entropy. There are no weights of
    classes: how many of the hard pixels are of which class, and so what to divide by, is not known from the masks.

    Source: Shrivastava, Gupta, Girshick 2016, Training Region-based Object Detectors with Online Hard Example Mining,
    https://arxiv.org/abs/1604.03540. On pixels: Wu, Shen, van den Hengel 2016, High-performance Semantic Segmentation
    Using Very Deep Fully Convolutional Networks, https://arxiv.org/abs/1604.04339, who take the hardest of each image
    too.
    """
    known = (target != IGNORE).flatten(1)
    losses = pixel_losses(log_probabilities, target).flatten(1)
    hardness = losses.detach().masked_fill(~known, -1)
    order = hardness.argsort(dim=1, descending=True, stable=True)
    first = torch.arange(order.shape[1], device=order.device) < num_hard(target, share)[:, None]
    hard = torch.zeros_like(first).scatter(1, order, first)
    return torch.where(hard, losses, 0).sum(1)


def num_hard(target: UInt8[Tensor, "N H W"], share: float) -> Int[Tensor, " N"]:
    """How many pixels of an image are hard: this share of the labelled ones, rounded up."""
    num_known = (target != IGNORE).sum((1, 2))
    return (num_known.double() * share).ceil().long().clamp(max=num_known)
