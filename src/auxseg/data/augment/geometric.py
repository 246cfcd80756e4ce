"""The geometric part of the augmentation: one homography and one resampling per sample.

Shape legend: ``N`` images of a batch, ``H W`` the stored size.

Positions are (x, y) with x to the right and y down; -1 and 1 are the outer edges of the picture, 0 its centre. The
centre of the pixel in column i lies at ``(2 i + 1) / W - 1``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Float64, UInt8
from torch import Tensor

from auxseg.data.augment.boxes import move_boxes
from auxseg.data.augment.config import AugmentConfig
from auxseg.data.augment.layers import mirror_layer, move_layer, turns_of, zooms_of
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE

NUM_GEOMETRIC: Final = 9
"""Random numbers per sample: flip, gate, scale, aspect, x, y, rotation, and the two tilts."""

FLIP: Final = np.diag([-1.0, 1.0, 1.0])
"""Exchanges left and right."""


def draw_homographies(
    config: AugmentConfig, uniforms: Float64[np.ndarray, "N 9"], aspect_ratio: float = 1.0
) -> Float64[np.ndarray, "N 3 3"]:
    """Turn even random numbers in [0, 1) into homographies from the new picture to the stored one.

    ``H = F T Z R P`` (rightmost first) takes a position in the new picture, tilts it by the perspective P, turns it by
    R, scales it by Z to the size of the crop, shifts it by T to the crop's place, and flips it by F. P divides by
    ``1 + p x + q y`` with ``|p| + |q| < 1``, which is positive everywhere in the new picture. Parts that are switched
    off leave H exactly the identity or the flip.

    ``aspect_ratio`` is the picture's width by its height. R is a rotation of its pixels: where the units of x and y
    differ, it is ``A^-1 R A`` with ``A = diag(aspect_ratio, 1, 1)``.
    """
    flip, gate, scale, aspect, x, y, rotation, tilt_x, tilt_y = uniforms.T
    applied = (gate < config.geometric).astype(np.float64)
    low, high = np.log(config.scale)
    log_scale = applied * (low + scale * (high - low))
    log_stretch = applied * (aspect - 0.5) * np.log(config.aspect)
    width, height = np.exp(log_scale + log_stretch), np.exp(log_scale - log_stretch)
    angle = applied * np.deg2rad(config.rotation) * (2.0 * rotation - 1.0)
    cos, sin = np.cos(angle), np.sin(angle)

    tilted = np.tile(np.eye(3), (len(uniforms), 1, 1))
    tilted[:, 2, 0] = applied * config.perspective * (2.0 * tilt_x - 1.0)
    tilted[:, 2, 1] = applied * config.perspective * (2.0 * tilt_y - 1.0)
    placed = np.tile(np.eye(3), (len(uniforms), 1, 1))
    placed[:, 0, 0], placed[:, 0, 1] = width * cos, -width * sin / aspect_ratio
    placed[:, 1, 0], placed[:, 1, 1] = height * sin * aspect_ratio, height * cos
    placed[:, 0, 2] = np.abs(1.0 - width) * (2.0 * x - 1.0)
    placed[:, 1, 2] = np.abs(1.0 - height) * (2.0 * y - 1.0)
    flipped = np.where((flip < config.flip)[:, None, None], FLIP, np.eye(3))
    return flipped @ placed @ tilted


def move(batch: Batch, homographies: Float64[np.ndarray, "N 3 3"], *, box_from_mask: bool) -> Batch:
    """Move picture, mask, box and layers by homographies from the new picture to the stored one.

    The picture is sampled bilinearly and continued beyond its edges by reflection, which keeps its statistics and
    adds no edge that is not in the photograph; these pixels are not `inside`, and IGNORE in the mask: a reflected
    animal is no labelled one. The mask is sampled from the nearest pixel. Identity and flip are exact. A box is the
    hull of its moved corners (see `move_boxes`), taken from the moved mask again if ``box_from_mask``. Layers move by
    their kind, see `auxseg.data.augment.layers`.
    """
    flipped = (homographies == FLIP).all(axis=(1, 2))
    kept = (homographies == np.eye(3)).all(axis=(1, 2))
    if kept.all():
        return batch
    if flipped.all():
        return mirror(batch)
    box = move_boxes(batch.box.numpy(), homographies)
    matrices = torch.from_numpy(homographies).float()
    moved = resample(batch, matrices, (batch.clean.shape[-2], batch.clean.shape[-1]), matrices, matrices)
    for index in np.flatnonzero(flipped | kept):
        for new, old in ((moved.clean, batch.clean), (moved.mask, batch.mask), (moved.inside, batch.inside)):
            new[index] = old[index].flip(-1) if flipped[index] else old[index]
        for name, form in batch.forms.items():
            old = batch.layers[name][index][None]
            moved.layers[name][index] = (mirror_layer(form, old) if flipped[index] else old)[0]
    if box_from_mask:
        warped = ~(flipped | kept)
        box[warped] = retaken_boxes(box[warped], moved.mask.numpy()[warped])
    return replace(moved, box=torch.from_numpy(box))


def mirror(batch: Batch) -> Batch:
    """Exchange left and right of picture, mask, box and layers, on any device: exactly what `move` by a flip does."""
    x0, y0, x1, y1 = batch.box.unbind(1)
    return replace(
        batch,
        image=batch.image.flip(-1),
        clean=batch.clean.flip(-1),
        mask=batch.mask.flip(-1),
        box=torch.stack([1 - x1, y0, 1 - x0, y1], dim=1),
        inside=batch.inside.flip(-1),
        layers={name: mirror_layer(form, batch.layers[name]) for name, form in batch.forms.items()},
    )


def resample(
    batch: Batch,
    homographies: Float[Tensor, "N 3 3"],
    size: tuple[int, int],
    turning: Float[Tensor, "N 3 3"],
    whole: Float[Tensor, "N 3 3"],
) -> Batch:
    """Sample picture, mask, `inside` and layers at another height and width; the box stays as it is.

    Arrows turn by ``turning``, which is what turns and zooms in the homographies. ``whole`` leads to the stored
    picture, of which the batch may hold a part only; boxes of layers lie in it.
    """
    grid = _sources(homographies, size)
    clean = F.grid_sample(batch.clean, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    # Class ids from 1, so that one sampling with zeros beyond the edges moves both; 0 becomes IGNORE as it wraps round.
    labels = (batch.mask.float() + 1.0).mul_(batch.inside).unsqueeze(1)
    labels = F.grid_sample(labels, grid, mode="nearest", padding_mode="zeros", align_corners=False).squeeze(1)
    mask = (labels.to(torch.int16) - 1).to(torch.uint8)
    layers: dict[str, Tensor] = {}
    if batch.forms:  # turns take a decomposition of every homography
        turns = turns_of(turning, size[1] / size[0])
        layers = {name: move_layer(form, batch.layers[name], grid, turns, whole) for name, form in batch.forms.items()}
    seen = replace(batch, image=clean, clean=clean, mask=mask, inside=labels > 0.0, layers=layers)
    return replace(seen, zoom=zooms_of(turning))


def _sources(homographies: Float[Tensor, "N 3 3"], size: tuple[int, int]) -> Float[Tensor, "N H W 2"]:
    """Where each pixel of the new picture comes from: x, y."""
    rows, columns = ((torch.arange(side) * 2 + 1) / side - 1 for side in size)
    across = homographies[:, :, 0, None, None] * columns
    down = homographies[:, :, 1, None, None] * rows[:, None]
    x, y, depth = (across + (down + homographies[:, :, 2, None, None])).unbind(1)
    grid = torch.empty(*depth.shape, 2)
    torch.div(x, depth, out=grid[..., 0])
    torch.div(y, depth, out=grid[..., 1])
    return grid


def retaken_boxes(boxes: Float32[np.ndarray, "N 4"], masks: UInt8[np.ndarray, "N H W"]) -> Float32[np.ndarray, "N 4"]:
    """The half-open bounding boxes of the labelled foreground, where there is one and the box is not missing."""
    height, width = masks.shape[-2:]
    foreground = (masks != 0) & (masks != IGNORE)
    result = boxes.copy()
    for index in np.flatnonzero(foreground.any(axis=(1, 2)) & ~np.isnan(boxes[:, 0])):
        rows, columns = (np.flatnonzero(foreground[index].any(axis=axis)) for axis in (1, 0))
        result[index] = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / [width, height, width, height]
    return result
