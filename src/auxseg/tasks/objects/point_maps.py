"""From key points to heat maps, and from what a network says of each pixel back to points.

Gaussians lie around the points themselves, not around their pixels, and a point is read off a heat map between pixels:
Zhang, Zhu, Dai, Ye, Zhu 2020, Distribution-Aware Coordinate Representation for Human Pose Estimation,
https://arxiv.org/abs/1910.06278. Here each axis is refined by itself, and heat maps are not smoothed before.

Shape legend: ``N`` images, ``K`` key points, ``H W`` the stored size, ``P`` layers of points that share a pixel,
``D = K + 2 + 3 P`` channels.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from auxseg.tasks.objects.kept_rows import keep_rows

NUM_COLUMNS: Final = 3
NUM_MORE: Final = 2
"""Channels between the heat maps and the points: a length and an area."""

_EDGE: Final = 1e-3
"""How near a place is to the edge of a pixel to lie on it, in pixels: shares in float32 round it."""

_LEAST: Final = 1e-10
"""Probabilities below this are as good as none."""


def point_targets(
    rows: Float[Tensor, "N K 3"],
    inside: Bool[Tensor, "N H W"],
    lengths: Float[Tensor, " N"],
    areas: Float[Tensor, " N"],
    sigma: float,
) -> Float[Tensor, "N D H W"]:
    """Targets of a head of heat maps, and behind them what the figures need.

    Channels:

    - K heat maps: ``exp(-d^2 / (2 sigma^2))`` with the distance d of a pixel's middle to the point; NaN for padding,
      and everywhere for a point that is not known.
    - a length and an area of every image, by which its errors are judged.
    - P times the number of a point, its x and its y in pixels, at the pixel that holds it, else NaN (`points_in`).
    """
    (num_images, num_points, _), (height, width) = rows.shape, inside.shape[1:]
    scale = rows.new_tensor([width, height])
    places = rows[..., :2] * scale
    pixels, is_inside = _pixels_of(places.nan_to_num(0), inside)
    is_known = ~rows.isnan().any(2) & is_inside
    columns, lines = (torch.arange(side, device=rows.device) + 0.5 for side in (width, height))
    known_places = places.where(is_known[..., None], torch.nan)
    across = _gaussians(known_places[..., 0], columns, sigma)
    down = _gaussians(known_places[..., 1], lines, sigma)
    heat = (down[..., :, None] * across[..., None, :]).masked_fill(~inside[:, None], torch.nan)
    more = torch.stack([lengths, areas], dim=1).to(rows.dtype)[..., None, None].expand(-1, -1, height, width)
    layers: list[Tensor] = []
    blank = rows.new_full((num_images, NUM_COLUMNS, height, width), torch.nan)
    for image, known in enumerate(is_known):
        kept = torch.cat([known.nonzero().to(rows.dtype), places[image, known]], dim=1)
        keep_rows(layers, image, kept, pixels[image, known], blank, num_points)
    return torch.cat([heat, more, *layers], dim=1)


def points_in(target: Float[Tensor, "N D H W"], num_points: int) -> Float[Tensor, "N K 2"]:
    """The points x and y that the targets were made of, in pixels; NaN for those that are not known."""
    kept, image, place, y, x = _kept(target, num_points)
    found = target.new_full((len(target), num_points, 2), torch.nan)
    columns = kept[image, place, :, y, x]
    found[image, columns[:, 0].long()] = columns[:, 1:]
    return found


def centres_in(target: Float[Tensor, "N D H W"], num_points: int) -> Bool[Tensor, "N K H W"]:
    """The pixels that hold the points."""
    kept, image, place, y, x = _kept(target, num_points)
    centres = torch.zeros_like(target[:, :num_points], dtype=torch.bool)
    centres[image, kept[image, place, 0, y, x].long(), y, x] = True
    return centres


def find_points(heat: Float[Tensor, "N K H W"], inside: Bool[Tensor, "N H W"]) -> Float[Tensor, "N K 3"]:
    """The highest pixel of every heat map that is not padding, refined between pixels: x and y in pixels, and its heat.

    Along each axis the logarithm of the heat is taken for a parabola through the pixel and its two neighbours, which is
    exact for a Gaussian; without two neighbours, or where they do not bend down, the middle of the pixel stays.
    """
    width = heat.shape[3]
    score, peak = heat.masked_fill(~inside[:, None], -1).flatten(2).max(2)
    x, y = peak % width, peak // width
    logarithms = heat.clamp(min=_LEAST).log().masked_fill(~inside[:, None], torch.nan)
    padded = torch.nn.functional.pad(logarithms, (1, 1, 1, 1), value=torch.nan).flatten(2)

    def at(across: int, down: int) -> Float[Tensor, "N K"]:
        places = (y + 1 + down) * (width + 2) + x + 1 + across
        return padded.gather(2, places[..., None])[..., 0]

    middle = at(0, 0)
    shift_x, shift_y = _summit(at(-1, 0), middle, at(1, 0)), _summit(at(0, -1), middle, at(0, 1))
    return torch.stack([x + 0.5 + shift_x, y + 0.5 + shift_y, score.clamp(min=0)], dim=-1)


def _kept(target: Float[Tensor, "N D H W"], num_points: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Layers of kept points (``N P 3 H W``), and where they hold one: image, layer, y, x."""
    kept = target[:, num_points + NUM_MORE :].unflatten(1, (-1, NUM_COLUMNS))
    image, place, y, x = (~kept[:, :, 0].isnan()).nonzero(as_tuple=True)
    return kept, image, place, y, x


def _pixels_of(
    places: Float[Tensor, "N K 2"], inside: Bool[Tensor, "N H W"]
) -> tuple[Int64[Tensor, "N K 2"], Bool[Tensor, "N K"]]:
    """Column and line of the pixel of every place, and whether it is photograph.

    A place on the edge between pixels belongs to the later one, or to the one before where only that is photograph:
    else a point on the right or lower edge of a photograph would lie in the padding.
    """
    last = torch.tensor([inside.shape[2] - 1, inside.shape[1] - 1], device=places.device)
    images = torch.arange(len(places), device=places.device)[:, None]
    # Shares of a side are rounded, so that an edge is met within a fraction of a pixel alone.
    after, before = (places + _EDGE).floor().long(), (places - _EDGE).floor().long()
    found = torch.minimum(places.floor().long().clamp(min=0), last)
    is_inside = inside[images, found[..., 1], found[..., 0]]
    for across, down in ((before, after), (after, before), (before, before), (after, after)):
        other = torch.stack([across[..., 0], down[..., 1]], dim=-1)
        other = torch.minimum(other.clamp(min=0), last)
        better = ~is_inside & inside[images, other[..., 1], other[..., 0]]
        found = torch.where(better[..., None], other, found)
        is_inside = is_inside | better
    return found, is_inside


def _gaussians(centres: Float[Tensor, "N K"], places: Float[Tensor, " L"], sigma: float) -> Float[Tensor, "N K L"]:
    return torch.exp(-(places - centres[..., None]).square() / (2 * sigma**2))


def _summit(before: Tensor, middle: Tensor, after: Tensor) -> Float[Tensor, "N K"]:
    """Where a parabola through three neighbours is highest, from -0.5 to 0.5; 0 where it is not."""
    bend = 2 * middle - before - after
    return torch.where(bend > 0, (after - before) / (2 * bend), 0).clamp(-0.5, 0.5)
