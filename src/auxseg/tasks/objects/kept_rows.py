"""Rows of numbers about single pixels, kept in the channels of a dense target so that they can be read back.

Shape legend: ``K`` rows of an image, ``C`` numbers of a row, ``P`` rows that share a pixel, ``H W`` a picture's size.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from auxseg.errors import InputError


def keep_rows(
    layers: list[Tensor],
    image: int,
    rows: Float[Tensor, "K C"],
    pixels: Int[Tensor, "K 2"],
    blank: Float[Tensor, "N C H W"],
    most: int,
) -> None:
    """Put the rows of an image at their pixels (x, y) in the first layers in which these are free.

    ``layers`` are shared by the images of a batch and grow by copies of ``blank``, which is NaN. Raises `InputError`
    for more than ``most`` rows in one pixel.
    """
    left, place = torch.arange(len(rows), device=rows.device), 0
    while len(left):
        first = first_of_pixels(pixels[left], torch.ones_like(left, dtype=torch.bool))
        x, y = pixels[left][first].unbind(1)
        if place == most:
            raise InputError(
                f"more than {most} boxes of an image have their centres in one pixel; are they there twice? "
                "Remove them from the data, or train at a larger data.size"
            )
        if place == len(layers):
            layers.append(blank.clone())
        layers[place][image, :, y, x] = rows[left][first].mT
        is_left = torch.ones_like(left, dtype=torch.bool)
        is_left[first] = False
        left, place = left[is_left], place + 1


def first_of_pixels(pixels: Int[Tensor, "K 2"], which: Bool[Tensor, " K"]) -> Int[Tensor, " _"]:
    """The places of those that are chosen and the first of their pixel."""
    seen: set[tuple[int, int]] = set()
    places: list[int] = []
    for place, ((x, y), is_chosen) in enumerate(zip(pixels.tolist(), which.tolist(), strict=True)):
        if is_chosen and (x, y) not in seen:
            seen.add((x, y))
            places.append(place)
    return torch.tensor(places, dtype=torch.long, device=pixels.device)
