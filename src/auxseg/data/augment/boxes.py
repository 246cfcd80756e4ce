"""How boxes follow their picture.

Shape legend: ``N`` images of a batch, ``M`` rows for the boxes of each.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64
from torch import Tensor

from auxseg.data.layers.boxes import NO_BOX


def move_boxes(
    boxes: Float32[np.ndarray, "N 4"], homographies: Float64[np.ndarray, "N 3 3"]
) -> Float32[np.ndarray, "N 4"]:
    """Move normalised boxes ``x0 y0 x1 y1`` by the inverse of homographies from the new picture to the stored one.

    A moved box is the axis-aligned hull of its four moved corners, clipped to the picture; all NaN if it was missing,
    or if less than half of the hull's area is in the picture. Turned boxes are therefore larger than what they
    surround. A corner at or beyond the horizon makes the hull endless, and the box missing.
    """
    corners = 2.0 * boxes.astype(np.float64)[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) - 1.0
    projected = np.concatenate([corners, np.ones_like(corners[..., :1])], axis=2) @ np.linalg.inv(homographies).mT
    depth = projected[..., 2:]
    points = (projected[..., :2] / np.where(depth > 0.0, depth, np.nan) + 1.0) / 2.0
    hull = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    clipped = hull.clip(0.0, 1.0)
    seen = _area(clipped) >= 0.5 * _area(hull)
    return np.where(seen[:, None], clipped, np.nan).astype(np.float32)


def _area(boxes: Float64[np.ndarray, "N 4"]) -> Float64[np.ndarray, " N"]:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def move_rows(rows: Float[Tensor, "N M 6"], homographies: Float[Tensor, "N 3 3"]) -> Float[Tensor, "N M 6"]:
    """Move the boxes of a `BoxesForm` by `move_boxes`. One that goes missing is no box any more.

    What is still seen of it is then background.
    """
    boxes = rows[..., :4].flatten(0, 1).numpy()
    each = homographies.double().repeat_interleave(rows.shape[1], dim=0).numpy()
    moved = torch.from_numpy(move_boxes(boxes, each)).view(*rows.shape[:2], 4)
    return _rows(moved, rows)


def mirror_rows(rows: Float[Tensor, "N M 6"]) -> Float[Tensor, "N M 6"]:
    """Exchange left and right of the boxes of a `BoxesForm`, on any device."""
    x0, y0, x1, y1 = rows[..., :4].unbind(-1)
    return _rows(torch.stack([1 - x1, y0, 1 - x0, y1], dim=-1), rows)


def _rows(boxes: Float[Tensor, "N M 4"], rows: Float[Tensor, "N M 6"]) -> Float[Tensor, "N M 6"]:
    """Boxes in the place of those in rows; without a box and with one of NaN there is none, but NaN rows stay NaN."""
    is_box = (rows[..., 4] >= 0) & ~boxes.isnan().any(-1)
    nothing = torch.tensor([0, 0, 0, 0, NO_BOX, 0], dtype=rows.dtype, device=rows.device)
    moved = torch.where(is_box[..., None], torch.cat([boxes, rows[..., 4:]], dim=-1), nothing)
    return torch.where(rows[..., 4:5].isnan(), rows, moved)
