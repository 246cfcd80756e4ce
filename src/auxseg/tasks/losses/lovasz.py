"""Lovász-softmax loss of masks.

Shape legend: ``N`` images, ``C`` classes, ``H W`` pixels, ``P`` pixels of an image.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses.by_class import mean_over_classes, scored_classes


def lovasz_softmax(
    log_probabilities: Float[Tensor, "N C H W"],
    target: UInt8[Tensor, "N H W"],
    class_weights: Float[Tensor, " C"] | None = None,
) -> Float[Tensor, " N"]:
    """``mean_c sum_k e_(k) (J_k - J_(k-1))`` for each image, in [0, 1].

    The errors of class c at the labelled pixels are ``e = 1 - q`` where c is the true class and ``e = q`` elsewhere,
    with its probability q; e_(1) >= e_(2) >= ... are the same in falling order. J_k is one minus the IoU of class c if
    exactly the first k of them are wrong: ``1 - (T - h_k) / (T + m_k)`` with T true pixels, of which h_k are among the
    first k, and m_k = k - h_k others. Of hard masks the loss is 1 - IoU. c runs over the classes that `soft_dice`
    scores, weighted in the same way.

    Source: Berman, Rannen Triki, Blaschko 2018, The Lovász-Softmax loss: A tractable surrogate for the optimization of
    the intersection-over-union measure in neural networks, https://arxiv.org/abs/1705.08790. It is computed per image,
    as their variant of that name, so that it does not depend on how a batch is cut. Departs from it: of two classes
    only the foreground is scored.
    """
    known = (target != IGNORE).flatten(1)
    losses, presences = [], []
    for unflattened, is_true in scored_classes(log_probabilities, target):
        probability, true = unflattened.flatten(1), is_true.flatten(1)
        errors = torch.where(known, torch.where(true, 1 - probability, probability), 0)
        order = errors.detach().masked_fill(~known, -1).argsort(dim=1, descending=True, stable=True)
        losses.append((errors.gather(1, order) * _steps(true.gather(1, order), errors.dtype)).sum(1))
        presences.append(true.any(1))
    return mean_over_classes(losses, presences, class_weights)


def _steps(true: Bool[Tensor, "N P"], dtype: torch.dtype) -> Float[Tensor, "N P"]:
    """``J_k - J_(k-1)`` for every k, in a form that subtracts no numbers that are almost equal.

    A true pixel adds ``1 / (T + m_k)``, another one ``(T - h_k) / ((T + m_k) (T + m_k - 1))``.
    """
    num_true = true.sum(1, keepdim=True)
    left = (num_true - true.cumsum(1)).to(dtype)
    union = (num_true + (~true).cumsum(1)).to(dtype).clamp(min=1)
    return torch.where(true, 1 / union, left / (union * (union - 1).clamp(min=1)))
