"""What a box and the picture's colours say of a mask: projections on both axes, and pairs of similar pixels.

Tian, Shen, Wang, Chen, "BoxInst: High-Performance Instance Segmentation with Box Annotations", CVPR 2021,
https://arxiv.org/abs/2012.02310.

Shape legend: ``N`` images, ``H W`` the stored size, ``E`` = 4 directions to a neighbour.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from auxseg.metrics.colour import difference, rgb_to_lab

DIRECTIONS: Final = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Rows down and columns to the right: with their opposites, which are the same pairs, all eight neighbours."""
THETA: Final = 2.0


def box_map(box: Float[Tensor, "N 4"], size: tuple[int, int]) -> Bool[Tensor, "N H W"]:
    """The pixels whose centres lie in a normalised box ``x0 y0 x1 y1``; none if it is missing."""
    height, width = size
    x = (torch.arange(width, device=box.device) + 0.5) / width
    y = (torch.arange(height, device=box.device) + 0.5) / height
    x0, y0, x1, y1 = (side[:, None] for side in box.unbind(1))
    rows, columns = (y >= y0) & (y < y1), (x >= x0) & (x < x1)
    return rows[:, :, None] & columns[:, None, :]


def projection_loss(foreground: Float[Tensor, "N H W"], box: Float[Tensor, "N H W"]) -> Float[Tensor, " N"]:
    """Sum of ``1 - 2 sum_k a_k b_k / (sum_k a_k^2 + sum_k b_k^2)`` for rows and columns k, in [0, 2].

    a is the largest probability of the foreground in line k, b is 1 where the line crosses the box.
    """
    losses: list[Tensor] = []
    for axis in (1, 2):
        a, b = foreground.amax(axis), box.amax(axis)
        overlap, total = (a * b).sum(1), a.square().sum(1) + b.square().sum(1)
        losses.append(1 - 2 * overlap / total.clamp(min=1e-5))
    return losses[0] + losses[1]


def similar_pairs(
    image: Float[Tensor, "N 3 H W"],
    box: Bool[Tensor, "N H W"],
    inside: Bool[Tensor, "N H W"],
    dilation: int,
    threshold: float,
) -> Float[Tensor, "N 4 H W"]:
    """By pixel and direction, 1 if it and its neighbour have similar colours, 0 if not, NaN if they are no pair.

    The neighbour is ``dilation`` pixels away. A pair lies in the photograph and has a pixel in the box. Its similarity
    is ``exp(-d / 2)`` with the distance d of its colours in CIE Lab, and has to be at least ``threshold``.
    """
    lab, pairs = rgb_to_lab(image), []
    for direction in DIRECTIONS:
        other = neighbours(lab, direction, dilation)
        similar = torch.exp(-difference(lab, other) / THETA) >= threshold
        in_photograph = inside & (neighbours(inside.float(), direction, dilation) > 0)
        is_pair = in_photograph & (box | (neighbours(box.float(), direction, dilation) > 0))
        pairs.append(torch.where(is_pair, similar.float(), torch.nan))
    return torch.stack(pairs, dim=1)


def pairwise_loss(
    log_foreground: Float[Tensor, "N H W"],
    log_background: Float[Tensor, "N H W"],
    pairs: Float[Tensor, "N 4 H W"],
    dilation: int,
) -> Float[Tensor, " N"]:
    """``sum -log P(i = j)`` over the similar pairs i, j of an image, with ``P = f_i f_j + b_i b_j``.

    f and b are the probabilities of foreground and background, given by their logarithms.
    """
    losses: list[Tensor] = []
    for direction, similar in zip(DIRECTIONS, pairs.unbind(1), strict=True):
        both_foreground = log_foreground + neighbours(log_foreground, direction, dilation)
        both_background = log_background + neighbours(log_background, direction, dilation)
        log_same = torch.logaddexp(both_foreground, both_background)
        losses.append(torch.where(similar == 1, -log_same, 0).sum((1, 2)))
    return torch.stack(losses).sum(0)


def neighbours(values: Tensor, direction: tuple[int, int], dilation: int) -> Tensor:
    """Each pixel's neighbour in a direction; 0 beyond the border. The last two axes are rows and columns."""
    (height, width), (down, right) = values.shape[-2:], (dilation * step for step in direction)
    padded = functional.pad(values, (dilation, dilation, 0, dilation))
    return padded[..., down : down + height, dilation + right : dilation + right + width]
