"""The angle between predicted and true directions, as a loss.

Shape legend: ``N`` images, ``C`` components of a direction, ``H W`` pixels.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

_SHORTEST: Final = 0.01
"""Vectors whose components are all smaller stay shorter than 1, so that no gradient is larger than a hundred."""


def cosine_loss(output: Float[Tensor, "N C H W"], target: Float[Tensor, "N C H W"]) -> Float[Tensor, " N"]:
    """Sum over the known pixels of ``1 - cos(output, target)``; a pixel with NaN in its target is not known.

    Source: Eigen, Fergus 2015, https://arxiv.org/abs/1411.4734, whose loss is minus the cosine.
    """
    known = ~target.isnan().any(1)
    cosines = (unit_vectors(output) * torch.where(known[:, None], target, 0)).sum(1)
    return torch.where(known, 1 - cosines, 0).sum((1, 2))


def num_known_pixels(target: Float[Tensor, "N C H W"]) -> Float[Tensor, " N"]:
    """How many pixels of each image are known."""
    return (~target.isnan().any(1)).sum((1, 2)).float()


def unit_vectors(vectors: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
    """Vectors divided by their length, however long; near the zero vector, which stays what it is, by a constant."""
    largest = vectors.detach().abs().amax(1, keepdim=True).clamp(min=_SHORTEST)
    scaled = vectors / largest  # the square of what is large is infinite
    return scaled / scaled.square().sum(1, keepdim=True).clamp(min=1).sqrt()
