"""Figures of merit of key points, from how far predicted points lie from true ones.

Distances and lengths are in the same unit, such as pixels; a distance is NaN where the true point is not known.

Shape legend: ``N`` images, ``K`` points of each.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def correct_share(
    distances: Float[Tensor, "N K"], lengths: Float[Tensor, " N"], threshold: float
) -> Float[Tensor, " N"]:
    """Percentage of correct key points (PCK), from 0 to 1: known points that are at most ``threshold * length`` off.

    Yang, Ramanan 2013, Articulated Human Detection with Flexible Mixtures of Parts,
    https://doi.org/10.1109/TPAMI.2012.261. NaN for an image without known points or without a length.
    """
    right = (distances <= threshold * lengths[:, None]).to(distances.dtype)
    return right.where(~(distances + lengths[:, None]).isnan(), torch.nan).nanmean(1)


def similarity(
    distances: Float[Tensor, "N K"], areas: Float[Tensor, " N"], sigmas: Float[Tensor, " K"]
) -> Float[Tensor, " N"]:
    """Object key point similarity (OKS), from 0 to 1: the mean of ``exp(-d^2 / (2 a (2 sigma)^2))`` over known points.

    ``d`` is a distance, ``a`` the object's area and ``sigma`` how much annotators differ about a point, as a share of
    the root of the area (https://cocodataset.org/#keypoints-eval). NaN for an image without known points or an area.
    """
    errors = distances.square() / (2 * areas[:, None] * (2 * sigmas).square())
    return (-errors).exp().nanmean(1)
