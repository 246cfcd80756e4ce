"""Distances between a predicted and a true map of numbers, summed over each image.

Entries whose truth is NaN are unknown: they add exactly nothing, to the sum and to its gradient.

Shape legend: ``N`` images, ``C`` channels, ``H W`` pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Maps = Float[Tensor, "N C H W"]


def l1(prediction: Maps, target: Maps) -> Float[Tensor, " N"]:
    """Sum of the absolute errors."""
    return _errors(prediction, target).abs().sum((1, 2, 3))


def mse(prediction: Maps, target: Maps) -> Float[Tensor, " N"]:
    """Sum of the squared errors; divided by the number of known entries it is their mean."""
    return _errors(prediction, target).square().sum((1, 2, 3))


def smooth_l1(prediction: Maps, target: Maps, beta: float) -> Float[Tensor, " N"]:
    """Sum of ``d^2 / (2 beta)`` where the error d is below beta and of ``d - beta / 2`` above.

    Source: Girshick 2015, Fast R-CNN, https://arxiv.org/abs/1504.08083, where beta is 1.
    """
    errors = _errors(prediction, target)
    return functional.smooth_l1_loss(errors, torch.zeros_like(errors), reduction="none", beta=beta).sum((1, 2, 3))


def scale_invariant_log(prediction: Maps, target: Maps, focus: float) -> Float[Tensor, " N"]:
    """``mean(d^2) - focus * mean(d)^2`` with ``d = log(prediction) - log(target)`` over an image's known entries.

    Both are positive. With a ``focus`` of 1 it is the variance of d, which a common factor does not change; 0 for an
    image of which nothing is known. Source: Eigen, Puhrsch, Fergus 2014, Depth Map Prediction from a Single Image using
    a Multi-Scale Deep Network, https://arxiv.org/abs/1406.2283, whose focus is 0.5.
    """
    known = ~target.isnan()
    errors = torch.where(known, prediction.log() - torch.where(known, target, 1).log(), 0)
    count = num_known(target).clamp(min=1)
    return errors.square().sum((1, 2, 3)) / count - focus * (errors.sum((1, 2, 3)) / count).square()


def num_known(target: Maps) -> Float[Tensor, " N"]:
    """How many entries of each image are known."""
    return (~target.isnan()).sum((1, 2, 3)).float()


def regression_losses(beta: float) -> dict[str, Callable[[Maps, Maps], Tensor]]:
    """Name in a recipe -> loss of predicted and true maps. ``beta`` is that of `smooth_l1`."""
    return {"l1": l1, "mse": mse, "smooth_l1": partial(smooth_l1, beta=beta)}


def _errors(prediction: Maps, target: Maps) -> Maps:
    # An unknown entry must not reach the arithmetic: NaN times zero would still be a NaN in the gradient.
    return prediction - torch.where(target.isnan(), prediction.detach(), target)
