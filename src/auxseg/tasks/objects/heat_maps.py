"""From boxes to what a network is to say of each pixel: how near the centre of a thing is, and how large the thing.

Zhou, Wang, Krähenbühl 2019, Objects as Points, https://arxiv.org/abs/1904.07850.

Shape legend: ``N`` images, ``M`` rows for the boxes of each, ``K`` boxes of one image, ``C`` classes, ``H W`` the
stored size, ``P`` layers of boxes that share a centre pixel, ``D = C + 5 + 6 P`` channels.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from auxseg.tasks.objects.kept_rows import first_of_pixels, keep_rows

MIN_OVERLAP: Final = 0.7
"""The IoU that a box keeps whose corners both move by the radius of its peak."""

_AT_A_TIME: Final = 64
"""Boxes whose peaks are in memory together."""

MOST_SHARING: Final = 16
"""Boxes whose centres may lie in one pixel. Each takes six numbers for every pixel of a batch."""

NUM_REGRESSED: Final = 4
"""Channels beside the heat maps: width and height, offset in x and y."""
NUM_COLUMNS: Final = 6


def box_targets(
    rows: Float[Tensor, "N M 6"], inside: Bool[Tensor, "N H W"], num_classes: int
) -> Float[Tensor, "N D H W"]:
    """Targets of the centre head, and behind them what the figures need.

    Channels:

    - C heat maps: 1 at the pixel with a centre, a Gaussian around it (`radius`), else 0; NaN for padding, and in crowds
      of the class away from centres.
    - width and height as shares of the picture's, at pixels with a centre, else NaN.
    - offset of the centre from the middle of its pixel in pixels, -0.5 to 0.5, at the same pixels.
    - 1 for the photograph and 0 for padding.
    - P times the six columns of a row of `BoxesForm.batched` at the centre of its box, else NaN: boxes beyond the first
      of a pixel are in the next layer, so that all of them can be read back (`boxes_in`).

    Of several centres in a pixel the first box gives size and offset. An image whose boxes are not known is all NaN.
    """
    height, width = inside.shape[1:]
    heat = rows.new_zeros(len(rows), num_classes, height, width)
    layers: list[Tensor] = []
    regressed = rows.new_full((len(rows), NUM_REGRESSED, height, width), torch.nan)
    for image, boxes in enumerate(rows):
        boxes = boxes[boxes[:, 4] >= 0]
        scale = boxes.new_tensor([width, height])
        centres = (boxes[:, :2] + boxes[:, 2:4]) / 2 * scale
        pixels = torch.minimum(centres.floor().long().clamp(min=0), (scale - 1).long())
        _draw_peaks(heat[image], boxes, pixels, inside[image])
        blank = rows.new_full((len(rows), NUM_COLUMNS, height, width), torch.nan)
        keep_rows(layers, image, boxes, pixels, blank, MOST_SHARING)
        things = first_of_pixels(pixels, boxes[:, 5] == 0)
        x, y = pixels[things].unbind(1)
        sizes, offsets = boxes[things, 2:4] - boxes[things, :2], centres[things] - pixels[things] - 0.5
        regressed[image, :, y, x] = torch.cat([sizes, offsets], dim=1).mT
    target = torch.cat([heat, regressed, inside[:, None].to(rows.dtype), *layers], dim=1)
    return target.masked_fill(rows[:, :1, 4:5].isnan()[..., None], torch.nan)


def boxes_in(target: Float[Tensor, "D H W"], num_classes: int) -> Float[Tensor, "K 6"]:
    """The boxes that the target of an image was made of, in the order of their pixels."""
    layers = target[num_classes + NUM_REGRESSED + 1 :].unflatten(0, (-1, NUM_COLUMNS)) if len(target) else target
    columns = layers.movedim(1, -1)
    return columns[~columns[..., 4].isnan()]


def is_labelled(target: Float[Tensor, "N D H W"], num_classes: int) -> Bool[Tensor, " N"]:
    """Whether the boxes of each image are known."""
    return ~target[:, num_classes + NUM_REGRESSED].flatten(1).isnan().any(1)


def radius(
    width: Float[Tensor, " K"], height: Float[Tensor, " K"], overlap: float = MIN_OVERLAP
) -> Float[Tensor, " K"]:
    """By how much both corners of a box may move in x and y, in any direction, for an IoU of at least ``overlap``.

    It is the smallest of three radii r, for corners that move the same way (the IoU is ``(w - r)(h - r) / (2 w h - (w -
    r)(h - r))``), inward (``(w - 2 r)(h - 2 r) / (w h)``), and outward (``w h / ((w + 2 r)(h + 2 r))``). Law, Deng
    2018, CornerNet, https://arxiv.org/abs/1808.01244; its published code solves two of the three equations wrongly.
    """
    half, area = width + height, width * height
    alike = (half - (half.square() - 4 * area * (1 - overlap) / (1 + overlap)).sqrt()) / 2
    inward = (half - (half.square() - 4 * (1 - overlap) * area).sqrt()) / 4
    outward = (-half + (half.square() + 4 * (1 / overlap - 1) * area).sqrt()) / 4
    return torch.stack([alike, inward, outward]).amin(0)


def _draw_peaks(
    heat: Float[Tensor, "C H W"], boxes: Float[Tensor, "K 6"], pixels: Int[Tensor, "K 2"], inside: Bool[Tensor, "H W"]
) -> None:
    """Raise the heat maps of an image to the peaks of its boxes, and put NaN where nothing is to be learned."""
    height, width = heat.shape[1:]
    sizes = (boxes[:, 2:4] - boxes[:, :2]) * boxes.new_tensor([width, height])
    radii = radius(sizes[:, 0], sizes[:, 1]).floor()
    is_crowd = boxes[:, 5] == 1
    x, y = torch.arange(width, device=heat.device), torch.arange(height, device=heat.device)
    for class_id in boxes[~is_crowd, 4].unique().long().tolist():
        mine = (boxes[:, 4] == class_id) & ~is_crowd
        for some in mine.nonzero()[:, 0].split(_AT_A_TIME):
            across, down = (_profile(pixels[some, axis], radii[some], places) for axis, places in enumerate((x, y)))
            peaks = (down[:, :, None] * across[:, None, :]).amax(0)
            heat[class_id] = torch.maximum(heat[class_id], peaks)
    for x0, y0, x1, y1, class_id, _ in boxes[is_crowd].tolist():
        around = ((y + 0.5 > y0 * height) & (y + 0.5 < y1 * height))[:, None]
        around = around & ((x + 0.5 > x0 * width) & (x + 0.5 < x1 * width))
        heat[int(class_id)][around & (heat[int(class_id)] != 1)] = torch.nan
    heat[:, ~inside] = torch.nan


def _profile(centres: Int[Tensor, " K"], radii: Float[Tensor, " K"], places: Int[Tensor, " L"]) -> Float[Tensor, "K L"]:
    """Gaussians with a standard deviation of a third of the radius and half a pixel, cut off at the radius."""
    distances = (places - centres[:, None]).to(radii.dtype)
    deviation = (2 * radii[:, None] + 1) / 6
    values = torch.exp(-distances.square() / (2 * deviation.square()))
    return values.where(distances.abs() <= radii[:, None], 0)
