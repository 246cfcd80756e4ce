"""Figures of merit of edges, from counts of pixels, exactly or with a tolerance of one pixel.

With the tolerance a predicted edge pixel is right if a true one is among its eight neighbours or is itself, and a true
one is found if a predicted one is. Pixels may serve several others; there is no one-to-one assignment as in Martin et
al. 2004, Learning to Detect Natural Image Boundaries.

Shape legend: ``N`` images, ``H W`` pixels; ``*n`` is ``N`` for single images and empty for a total.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from torch.nn import functional

from auxseg.data.sample import IGNORE


def tally(prediction: UInt8[Tensor, "N H W"], truth: UInt8[Tensor, "N H W"], reach: int) -> Int[Tensor, "N 4"]:
    """Predicted pixels that are right, predicted ones, true ones that are found, and true ones, for each image.

    ``reach`` is the tolerance in pixels. Pixels where the truth is IGNORE are in no count.
    """
    predicted, true = (prediction == 1) & (truth != IGNORE), truth == 1
    right, found = predicted & _widened(true, reach), true & _widened(predicted, reach)
    return torch.stack([pixels.flatten(1).sum(1) for pixels in (right, predicted, found, true)], dim=1)


def precision(counts: Int[Tensor, "*n 4"]) -> Float[Tensor, "*n"]:
    """Share of the predicted edge pixels that are right; 0 where none is predicted, NaN where there is no edge."""
    return _ratio(counts, 0, 1)


def recall(counts: Int[Tensor, "*n 4"]) -> Float[Tensor, "*n"]:
    """Share of the true edge pixels that are found; 0 where there are none, NaN where there is no edge at all."""
    return _ratio(counts, 2, 3)


def f1(counts: Int[Tensor, "*n 4"]) -> Float[Tensor, "*n"]:
    """Harmonic mean of precision and recall; NaN where there is no edge at all."""
    first, second = precision(counts), recall(counts)
    return 2 * first * second / torch.where(first + second == 0, 1, first + second)


def has_edge(counts: Int[Tensor, "*n 4"]) -> Bool[Tensor, "*n"]:
    """Whether there is any edge pixel, true or predicted."""
    return counts[..., 1] + counts[..., 3] > 0


def _widened(pixels: Bool[Tensor, "N H W"], reach: int) -> Bool[Tensor, "N H W"]:
    """Every pixel with all that are at most ``reach`` rows and columns away."""
    return functional.max_pool2d(pixels.float()[:, None], 2 * reach + 1, stride=1, padding=reach)[:, 0] > 0


def _ratio(counts: Int[Tensor, "*n 4"], part: int, whole: int) -> Float[Tensor, "*n"]:
    numbers = counts.double()
    ratio = numbers[..., part] / numbers[..., whole].clamp(min=1)
    return torch.where(has_edge(counts), ratio, torch.nan)
