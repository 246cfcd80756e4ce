"""Distances between a predicted and a true box, one number per image.

Boxes are ``x0 y0 x1 y1`` with ``x1 >= x0`` and ``y1 >= y0``, normalised to the image. ``l1``, ``mse``
and ``smooth_l1`` compare centres and sizes ``cx cy w h``.

Shape legend: ``N`` images.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from auxseg.metrics import boxes

Boxes = Float[Tensor, "N 4"]


def smooth_l1(prediction: Boxes, target: Boxes, beta: float) -> Float[Tensor, " N"]:
    """``d^2 / (2 beta)`` where the error d is below beta and ``d - beta / 2`` above, mean of cx cy w h.

    Source: Girshick 2015, Fast R-CNN, https://arxiv.org/abs/1504.08083, where beta is 1.
    """
    distance = functional.smooth_l1_loss(to_centre(prediction), to_centre(target), reduction="none", beta=beta)
    return distance.mean(1)


def l1(prediction: Boxes, target: Boxes) -> Float[Tensor, " N"]:
    """Absolute error, mean of cx cy w h."""
    return (to_centre(prediction) - to_centre(target)).abs().mean(1)


def mse(prediction: Boxes, target: Boxes) -> Float[Tensor, " N"]:
    """Squared error, mean of cx cy w h."""
    return (to_centre(prediction) - to_centre(target)).square().mean(1)


def giou(prediction: Boxes, target: Boxes) -> Float[Tensor, " N"]:
    """One minus the generalized IoU (see `auxseg.metrics.boxes.giou`), in [0, 2]."""
    return 1 - boxes.giou(prediction, target)


def diou(prediction: Boxes, target: Boxes) -> Float[Tensor, " N"]:
    """One minus the distance IoU (see `auxseg.metrics.boxes.diou`), in [0, 2]."""
    return 1 - boxes.diou(prediction, target)


def to_centre(corners: Boxes) -> Boxes:
    """``x0 y0 x1 y1`` to ``cx cy w h``."""
    low, high = corners[:, :2], corners[:, 2:]
    return torch.cat([(low + high) / 2, high - low], dim=1)


def to_corners(centre: Boxes) -> Boxes:
    """``cx cy w h`` to ``x0 y0 x1 y1``."""
    middle, half = centre[:, :2], centre[:, 2:] / 2
    return torch.cat([middle - half, middle + half], dim=1)


def box_losses(beta: float) -> dict[str, Callable[[Boxes, Boxes], Tensor]]:
    """Name in a recipe -> loss of predicted and true boxes. ``beta`` is that of `smooth_l1`."""
    return {"smooth_l1": partial(smooth_l1, beta=beta), "l1": l1, "mse": mse, "giou": giou, "diou": diou}
