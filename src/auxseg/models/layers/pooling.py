"""Unpooling: values go back to where max-pooling found them.

torch's own unpooling refuses deterministic mode; a scatter does not.

Shape legend: ``N`` images, ``C`` channels, ``h w`` the pooled size, ``H W`` the size before pooling.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def unpool(x: Float[Tensor, "N C h w"], indices: Int[Tensor, "N C h w"], size: torch.Size) -> Float[Tensor, "N C H W"]:
    """Put each value where ``indices`` says in a map of this size, zero elsewhere.

    ``indices`` are those of ``torch.nn.functional.max_pool2d``: the pixel's number, row by row, within its channel.
    The scatter runs along the axis that the memory format makes cheap, and keeps that format.
    """
    (batch, channels), (height, width) = x.shape[:2], size
    if x.is_contiguous(memory_format=torch.channels_last):
        flat = x.new_zeros(batch, height * width, channels)
        flat = flat.scatter_(1, indices.permute(0, 2, 3, 1).flatten(1, 2), x.permute(0, 2, 3, 1).flatten(1, 2))
        return flat.unflatten(1, (height, width)).permute(0, 3, 1, 2)
    flat = x.new_zeros(batch, channels, height * width)
    return flat.scatter_(2, indices.flatten(2), x.flatten(2)).unflatten(2, (height, width))
