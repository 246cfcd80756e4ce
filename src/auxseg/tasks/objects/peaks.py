"""From what a network says of each pixel to boxes: the peaks of its heat maps.

Zhou, Wang, Krähenbühl 2019, Objects as Points, https://arxiv.org/abs/1904.07850, section 3.1.

Shape legend: ``N`` images, ``C`` classes, ``H W`` the stored size, ``D >= C + 4`` channels, ``Q`` peaks.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

MOST: Final = 100
"""Boxes that are found in an image at most, as in the evaluation of COCO."""


def find_peaks(
    prediction: Float[Tensor, "N D H W"], inside: Bool[Tensor, "N H W"], num_classes: int
) -> Float[Tensor, "N Q 6"]:
    """The highest `MOST` peaks of each image, the surest first: ``x0 y0 x1 y1 class score``, normalised to the image.

    ``prediction`` holds probabilities of centres by class, width and height, and offsets, as `box_targets` does. A peak
    is a pixel that none of its eight neighbours exceeds; padding has none. Boxes are clipped to the picture. Rows
    beyond the last peak have the score 0.
    """
    height, width = prediction.shape[2:]
    heat = prediction[:, :num_classes].masked_fill(~inside[:, None], 0)
    heat = heat.where(functional.max_pool2d(heat, 3, stride=1, padding=1) == heat, 0)
    scores, places = heat.flatten(1).topk(min(MOST, heat[0].numel()), dim=1)
    class_ids, pixels = places // (height * width), places % (height * width)
    regressed = prediction[:, num_classes : num_classes + 4].flatten(2)
    sizes_and_offsets = regressed.gather(2, pixels[:, None].expand(-1, 4, -1))
    extent, offset = sizes_and_offsets[:, :2].clamp(0, 1), sizes_and_offsets[:, 2:].clamp(-0.5, 0.5)
    middles = torch.stack([pixels % width, pixels // width], dim=1) + 0.5
    centre = (middles + offset) / prediction.new_tensor([width, height])[:, None]
    corners = torch.cat([centre - extent / 2, centre + extent / 2], dim=1).clamp(0, 1)
    found = torch.cat([corners, class_ids[:, None].to(corners.dtype), scores[:, None]], dim=1)
    return functional.pad(found.mT, (0, 0, 0, MOST - found.shape[2]))
