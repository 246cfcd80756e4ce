"""How key points follow their picture.

Shape legend: ``N`` images of a batch, ``K`` points of each.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def move_points(
    rows: Float[Tensor, "N K 3"], homographies: Float[Tensor, "N 3 3"], partners: Sequence[int]
) -> Float[Tensor, "N K 3"]:
    """Move points of a `PointsForm` by the inverse of homographies from the new picture to the stored one.

    A point that leaves the picture, or lies at or beyond the horizon, is not known any more. Where a homography
    exchanges left and right (its determinant is negative), every point takes the place of its partner.
    """
    matrices = homographies.double()
    places = 2 * rows[..., :2].double() - 1
    projected = torch.cat([places, torch.ones_like(places[..., :1])], dim=2) @ torch.linalg.inv(matrices).mT
    depth = projected[..., 2:]
    moved = (projected[..., :2] / torch.where(depth > 0, depth, torch.nan) + 1) / 2
    is_seen = ((moved >= 0) & (moved <= 1)).all(-1, keepdim=True)
    found = torch.where(is_seen, torch.cat([moved.to(rows.dtype), rows[..., 2:]], dim=2), torch.nan)
    is_mirrored = torch.linalg.det(matrices)[:, None, None] < 0
    return torch.where(is_mirrored, found[:, list(partners)], found)


def mirror_points(rows: Float[Tensor, "N K 3"], partners: Sequence[int]) -> Float[Tensor, "N K 3"]:
    """Exchange left and right of the points of a `PointsForm`, on any device."""
    x, y, visibility = rows[:, list(partners)].unbind(-1)
    return torch.stack([1 - x, y, visibility], dim=-1)
