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


def num_known(target: Maps) -> Float[Tensor, " N"]:
    """How many entries of each image are known."""
    return (~target.isnan()).sum((1, 2, 3)).float()


def regression_losses(beta: float) -> dict[str, Callable[[Maps, Maps], Tensor]]:
    """Name in a recipe -> loss of predicted and true maps. ``beta`` is that of `smooth_l1`."""
    return {"l1": l1, "mse": mse, "smooth_l1": partial(smooth_l1, beta=beta)}


def _errors(prediction: Maps, target: Maps) -> Maps:
    # An unknown entry must not reach the arithmetic: NaN times zero would still be a NaN in the gradient.
    return prediction - torch.where(target.isnan(), prediction.detach(), target)
