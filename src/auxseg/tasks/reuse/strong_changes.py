"""Strong changes of a picture's look, and rectangles in which two pictures change places.

Yang et al., "Revisiting Weak-to-Strong Consistency in Semi-Supervised Semantic Segmentation" (UniMatch), CVPR 2023,
https://arxiv.org/abs/2208.09910, vary colours, blur, and apply CutMix (Yun et al., "CutMix: Regularization Strategy to
Train Strong Classifiers with Localizable Features", ICCV 2019, https://arxiv.org/abs/1905.04899). Probabilities and
ranges are theirs; brightness, contrast, saturation and hue follow each other in one order rather than a random one.

Shape legend: ``N`` images, ``C`` their channels, ``H W`` the stored size.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor
from torch.nn import functional

from auxseg.data.augment.config import AugmentConfig
from auxseg.data.augment.photometric import NUM_PHOTOMETRIC, draw_colours, recolour
from auxseg.tasks.sample_randomness import generator

NUM_UNIFORMS: Final = NUM_PHOTOMETRIC + 7
"""Random numbers per sample: those of the colours, gate and width of the blur; gate, area, aspect, y, x of the cut."""
COLOUR_SHARE: Final = 0.8
GREY_SHARE: Final = 0.25
"""Of the pictures whose colours are varied, so that a fifth of all becomes grey."""
BLUR_SHARE: Final = 0.5
SMALLEST_CUT, LARGEST_CUT = 0.02, 0.4
"""The area of a cut, as a share of the picture's."""
NARROWEST: Final = 0.3
"""A cut's height to width lies between this and its inverse."""


def draw_uniforms(kind: str, keys: Int[Tensor, " N"]) -> Float64[np.ndarray, "N _"]:
    """`NUM_UNIFORMS` even random numbers in [0, 1) for each sample, by its key."""
    drawn = [torch.rand(NUM_UNIFORMS, generator=generator(kind, key), dtype=torch.float64) for key in keys.tolist()]
    return torch.stack(drawn).numpy()


def change_look(
    image: Float[Tensor, "N C H W"],
    uniforms: Float64[np.ndarray, "N _"],
    colour: float,
    blur: float,
    *,
    has_colours: bool = True,
) -> Float[Tensor, "N C H W"]:
    """The pictures in [0, 1] with other colours, and blurred.

    ``colour`` in [0, 1) is the spread of brightness, contrast and saturation and twice that of the hue in turns; 0
    leaves colours as they are. ``blur`` is the largest standard deviation in pixels.
    """
    share = COLOUR_SHARE if colour else 0.0
    jitter = AugmentConfig(
        photometric=share, brightness=colour, contrast=colour, saturation=colour, hue=colour / 2, gray=GREY_SHARE
    )
    recoloured = recolour(image, draw_colours(jitter, uniforms[:, :NUM_PHOTOMETRIC]), has_colours=has_colours)
    gate, width = uniforms[:, NUM_PHOTOMETRIC], uniforms[:, NUM_PHOTOMETRIC + 1]
    return blurred(recoloured, torch.from_numpy(np.where(gate < BLUR_SHARE, blur * width, 0.0)), blur)


def blurred(image: Float[Tensor, "N C H W"], widths: Float64[Tensor, " N"], largest: float) -> Float[Tensor, "N C H W"]:
    """Each picture under a Gaussian of its own standard deviation in pixels, cut at three times the largest.

    The border is continued. A width of 0 leaves a picture as it is.
    """
    radius = math.ceil(3 * largest)
    if not radius:
        return image
    places = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernels = torch.exp(-0.5 * (places / widths.clamp(min=1e-3)[:, None]) ** 2)
    kernels = (kernels / kernels.sum(1, keepdim=True)).to(image)[:, :, None, None, None]
    # No convolution: its precision is a global setting, which belongs to the network.
    for axis, padding in ((2, (0, 0, radius, radius)), (3, (radius, radius, 0, 0))):
        padded, size = functional.pad(image, padding, mode="replicate"), image.shape[axis]
        image = kernels[:, 0] * padded.narrow(axis, 0, size)
        for place in range(1, 2 * radius + 1):
            image.addcmul_(kernels[:, place], padded.narrow(axis, place, size))
    return image


def draw_cuts(
    uniforms: Float64[np.ndarray, "N _"], probability: float, size: tuple[int, int], device: torch.device
) -> Bool[Tensor, "N H W"]:
    """Where each picture is to show another one: a rectangle, or nothing in those that are not chosen."""
    gate, area, aspect, top, left = uniforms[:, NUM_PHOTOMETRIC + 2 :].T
    share = SMALLEST_CUT + area * (LARGEST_CUT - SMALLEST_CUT)
    ratio = NARROWEST ** (1 - 2 * aspect)
    rows = _covered(np.sqrt(share * ratio), top, size[0])
    columns = _covered(np.sqrt(share / ratio), left, size[1])
    chosen = torch.from_numpy(gate < probability)
    return (chosen[:, None, None] & rows[:, :, None] & columns[:, None, :]).to(device)


def _covered(extent: Float64[np.ndarray, " N"], place: Float64[np.ndarray, " N"], size: int) -> Bool[Tensor, "N _"]:
    """Which of ``size`` lines lie in an interval of this extent, as a share, that begins anywhere it fits."""
    length = np.minimum(extent, 1.0) * size
    start = place * (size - length)
    lines = np.arange(size) + 0.5
    return torch.from_numpy((lines >= start[:, None]) & (lines < (start + length)[:, None]))
