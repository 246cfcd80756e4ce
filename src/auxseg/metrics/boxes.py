"""Figures of merit of boxes ``x0 y0 x1 y1``, half-open, in any unit of length, compared one to one.

A box that is inverted (``x1 < x0`` or ``y1 < y0``) holds nothing: its area is 0. Nothing here gives NaN or an
infinite gradient for finite boxes. A NaN coordinate gives NaN.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def area(boxes: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n"]:
    """Area, 0 for a box without inside."""
    width, height = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).unbind(-1)
    return width * height


def iou(prediction: Float[Tensor, "*n 4"], truth: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n"]:
    """Area of the intersection over area of the union, in [0, 1]; 0 where both areas are 0."""
    return _overlap(prediction, truth)[0]


def giou(prediction: Float[Tensor, "*n 4"], truth: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n"]:
    """Generalized IoU, in [-1, 1]: ``IoU - (E - U) / E``.

    ``U`` is the area of the union and ``E`` that of the smallest box around both; unlike the IoU it tells how far
    apart two disjoint boxes are. Rezatofighi et al. 2019, Generalized Intersection over Union: A Metric and a Loss
    for Bounding Box Regression, https://arxiv.org/abs/1902.09630. Where ``E`` is 0 it is the IoU.
    """
    overlap, union = _overlap(prediction, truth)
    low = torch.minimum(prediction[..., :2], truth[..., :2])
    high = torch.maximum(prediction[..., 2:], truth[..., 2:])
    enclosing = area(torch.cat([low, high], dim=-1))
    return overlap - _safe_ratio(enclosing - union, enclosing)


def diou(prediction: Float[Tensor, "*n 4"], truth: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n"]:
    """Distance IoU, in [-1, 1]: ``IoU - d^2 / c^2``.

    ``d`` is the distance of the centres and ``c`` the diagonal of the smallest box around both. Zheng et al. 2020,
    Distance-IoU Loss: Faster and Better Learning for Bounding Box Regression, https://arxiv.org/abs/1911.08287. Where
    ``c`` is 0 it is the IoU. An inverted box is surrounded by its corners in their right order.
    """
    corners = torch.stack([prediction[..., :2], prediction[..., 2:], truth[..., :2], truth[..., 2:]])
    diagonal = (corners.amax(0) - corners.amin(0)).square().sum(-1)
    distance = ((prediction[..., :2] + prediction[..., 2:] - truth[..., :2] - truth[..., 2:]) / 2).square().sum(-1)
    return iou(prediction, truth) - _safe_ratio(distance, diagonal)


def squared_error(prediction: Float[Tensor, "*n 4"], truth: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n"]:
    """Mean over the four coordinates of the squared error, in the boxes' unit squared."""
    return (prediction - truth).square().mean(-1)


def _overlap(first: Float[Tensor, "*n 4"], second: Float[Tensor, "*n 4"]) -> tuple[Tensor, Tensor]:
    """IoU and the union's area."""
    low = torch.maximum(first[..., :2], second[..., :2])
    high = torch.minimum(first[..., 2:], second[..., 2:])
    intersection = area(torch.cat([low, high], dim=-1))
    union = area(first) + area(second) - intersection
    return _safe_ratio(intersection, union), union


def _safe_ratio(part: Tensor, whole: Tensor) -> Tensor:
    """``part / whole``, and ``part`` where ``whole`` is 0, without NaN in value or gradient."""
    return part / torch.where(whole == 0, 1, whole)
