"""From class probabilities at the stored size to class ids in the photograph's own pixels, without thinning lines.

Shape legend: ``h w`` the photograph's own size, ``C`` mask classes, ``H W`` the stored size, ``p q`` a grid in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int, UInt8

from auxseg.data.geometry import Fit
from auxseg.drawing import bands

GRID: Final = 512
"""Longest side of the grid on which areas are compared, in pixels."""

_MOST_ROUNDS: Final = 20
_NEAR_ENOUGH: Final = 1e-4
_FLOOR: Final = 1e-6
"""Probabilities below this are as good as none."""


@dataclass(frozen=True)
class Back:
    """Class ids, and the mean probability of every class over its own pixels (``None`` for a class that has none)."""

    mask: UInt8[np.ndarray, "h w"]
    scores: tuple[float | None, ...]


def labels_back(stored: Float32[np.ndarray, "C H W"], place: Fit) -> Back:
    """Class ids of the photograph's pixels; every class keeps the share of the picture that it has at the stored size.

    Probabilities are interpolated bilinearly and the largest wins. That alone would thin what is about one stored pixel
    wide: between two pixels the less certain side gives way, which a line does along its whole length. So every class
    has a factor on its probability, found such that the classes' areas are those of the stored labels.
    Works in bands of rows, in memory for the mask and a few copies of a band.

    Args:
        stored: probabilities of the classes at the stored size.
        place: where the photograph lies in the stored square.
    """
    factors = area_factors(stored, place)[:, None, None].astype(np.float32)
    num_classes = len(stored)
    mask = np.empty(place.original, np.uint8)
    sums, counts = np.zeros(num_classes), np.zeros(num_classes, np.int64)
    for rows, values in _bands_back(stored, place):
        ids = (values * factors).argmax(0)
        mask[rows] = ids
        chosen = np.take_along_axis(values, ids[None], axis=0)[0]
        sums += np.bincount(ids.ravel(), chosen.ravel(), num_classes)
        counts += np.bincount(ids.ravel(), minlength=num_classes)
    scores = (total / count if count else None for total, count in zip(sums.tolist(), counts.tolist(), strict=True))
    return Back(mask, tuple(scores))


def probabilities_back(stored: Float32[np.ndarray, "C H W"], place: Fit) -> Float32[np.ndarray, "C h w"]:
    """The interpolated probabilities of every pixel of the photograph."""
    back = np.empty((len(stored), *place.original), np.float32)
    for rows, values in _bands_back(stored, place):
        back[:, rows] = values
    return back


def _bands_back(
    stored: Float32[np.ndarray, "C H W"], place: Fit
) -> Iterator[tuple[slice, Float32[np.ndarray, "C _ w"]]]:
    height, width = place.original
    for rows in bands(height, width * len(stored)):
        yield rows, place.rows_back(stored, rows)


def area_factors(stored: Float32[np.ndarray, "C H W"], place: Fit) -> Float64[np.ndarray, " C"]:
    """What to multiply every class's probability by so that its area stays; ones where the picture is not enlarged."""
    y0, y1, x0, x1 = place.inside
    labels = stored[:, y0:y1, x0:x1].argmax(0)
    if place.original[0] * place.original[1] <= labels.size:
        return np.ones(len(stored))
    wanted = np.bincount(labels.ravel(), minlength=len(stored)) / labels.size
    return _balanced(_on_grid(stored, place).clip(_FLOOR), wanted)


def _on_grid(stored: Float32[np.ndarray, "C H W"], place: Fit) -> Float32[np.ndarray, "C p q"]:
    """The probabilities at the photograph's size, or at `GRID` where it is larger."""
    scale = min(GRID / max(place.original), 1.0)
    height, width = (max(round(side * scale), 1) for side in place.original)
    return replace(place, original=(height, width)).rows_back(stored, slice(0, height))


def _balanced(values: Float32[np.ndarray, "C p q"], wanted: Float64[np.ndarray, " C"]) -> Float64[np.ndarray, " C"]:
    """The factors with which every class that is wanted has its share of the grid.

    Of two classes the second has exactly the pixels in which it stands out most. Of more, those that have too little
    are raised and those that have too much are lowered, by the root of the ratio, until the shares fit.
    """
    occurs, factors = wanted > 0, np.ones(len(values))
    if occurs.sum() < 2:
        return factors
    if occurs.sum() == 2:
        first, second = np.flatnonzero(occurs)
        factors[second] = 1 / np.quantile(values[second] / values[first], 1 - wanted[second])
        return factors
    for _ in range(_MOST_ROUNDS):
        found = _shares(values, factors)
        if np.abs(found - wanted).max() < _NEAR_ENOUGH:
            break
        factors[occurs] *= np.sqrt(wanted[occurs] / np.maximum(found[occurs], wanted[occurs] / 10))
    return factors


def _shares(values: Float32[np.ndarray, "C p q"], factors: Float64[np.ndarray, " C"]) -> Float64[np.ndarray, " C"]:
    ids: Int[np.ndarray, "p q"] = (values * factors[:, None, None].astype(np.float32)).argmax(0)
    return np.bincount(ids.ravel(), minlength=len(values)) / ids.size
