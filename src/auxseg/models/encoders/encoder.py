"""The protocol of an encoder: an image becomes a pyramid of features.

Shape legend: ``N`` images, ``H W`` the input size; every level of a pyramid has its own channels and size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

RANDOM_WEIGHTS = "random"


@dataclass(frozen=True)
class Pyramid:
    """Features from fine to coarse.

    ``indices`` says which pixels each pooling kept, from fine to coarse and as `auxseg.models.pooling.unpool` wants
    them, or is ``None`` where the encoder does not say. ``input_size`` is the height and width of the picture.
    """

    features: tuple[Float[Tensor, "N _ _ _"], ...]
    input_size: torch.Size
    indices: tuple[Int[Tensor, "N _ _ _"], ...] | None = None


class Encoder(ABC, nn.Module):
    """Turns an image into a pyramid.

    Attributes:
        channels: channels of each level, fine to coarse.
        strides: input pixels per pixel of each level; never falling, but levels may repeat a stride.
        mean, std: of the RGB pictures in [0, 1] that the encoder expects to be normalised by.
        provenance: where the weights come from: file name and SHA-256, or the name and licence of a download.
        image_size: height and width of the only pictures it takes, or ``None`` if any multiple of the coarsest
            stride will do.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    provenance: str = RANDOM_WEIGHTS
    image_size: int | None = None

    @abstractmethod
    def forward(self, image: Float[Tensor, "N 3 H W"]) -> Pyramid:
        """Encode normalised pictures whose sides are multiples of the coarsest stride."""
