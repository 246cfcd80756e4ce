"""Figures of merit of maps of numbers; entries whose truth is NaN are in none of them.

Shape legend: ``N`` images, ``C`` channels, ``H W`` pixels.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

BEST_PSNR: Final = 100.0
"""What an image without any error gets, in dB, so that means stay finite."""


def mean_squared_error(prediction: Float[Tensor, "N C H W"], truth: Float[Tensor, "N C H W"]) -> Float[Tensor, " N"]:
    """Mean over an image's known entries of the squared error; NaN for an image without any."""
    return _mean((prediction - truth).square(), truth)


def mean_absolute_error(prediction: Float[Tensor, "N C H W"], truth: Float[Tensor, "N C H W"]) -> Float[Tensor, " N"]:
    """Mean over an image's known entries of the absolute error; NaN for an image without any."""
    return _mean((prediction - truth).abs(), truth)


def mean_relative_error(prediction: Float[Tensor, "N C H W"], truth: Float[Tensor, "N C H W"]) -> Float[Tensor, " N"]:
    """Mean over an image's known entries of ``|prediction - truth| / truth``; NaN for an image without any."""
    return _mean((prediction - truth).abs() / truth, truth)


def share_within_factor(
    prediction: Float[Tensor, "N C H W"], truth: Float[Tensor, "N C H W"], factor: float
) -> Float[Tensor, " N"]:
    """Share of an image's known entries with ``max(prediction / truth, truth / prediction) < factor``.

    Both are positive. NaN for an image without any. Source: Ladicky, Shi, Pollefeys 2014, Pulling Things out of
    Perspective, https://doi.org/10.1109/CVPR.2014.19.
    """
    ratio = torch.maximum(prediction / truth, truth / prediction)
    return _mean((ratio < factor).to(prediction.dtype), truth)


def psnr(mean_squared_error: Float[Tensor, " N"], peak: float) -> Float[Tensor, " N"]:
    """Peak signal-to-noise ratio in dB, ``10 log10(peak^2 / error)``, at most `BEST_PSNR`; NaN stays NaN."""
    return (10 * (peak**2 / mean_squared_error).log10()).clamp(max=BEST_PSNR)


def _mean(errors: Float[Tensor, "N C H W"], truth: Float[Tensor, "N C H W"]) -> Float[Tensor, " N"]:
    known = ~truth.isnan()
    total = torch.where(known, errors, 0).sum((1, 2, 3), dtype=torch.float64)
    return total / known.sum((1, 2, 3))
