"""Answers of tasks that give every pixel numbers, or the picture as a whole.

Shape legend: ``K`` channels of a map, ``H W`` the stored size, ``h w`` the photograph's own size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from jaxtyping import Float32
from torch import Tensor

from auxseg.data.geometry import Fit
from auxseg.drawing import Picture, nearest_rows
from auxseg.tasks.answers.answer import Answer, Drawn


def map_answer(
    predicted: Tensor, place: Fit, draw: Callable[[Picture, Tensor], Picture], *, writes_numbers: bool
) -> Answer:
    """A map, drawn alone.

    Args:
        predicted: a map ``K H W``, or ``H W`` for one channel. Numbers are interpolated to the photograph's size; what
            is no floating-point number (ids) takes the nearest pixel.
        place: where the photograph lies in the stored square.
        draw: draws the part of the map that is photograph onto a picture of any size.
        writes_numbers: whether predictions.json gets the range and the mean of every channel.
    """
    y0, y1, x0, x1 = place.inside
    inside = predicted[..., y0:y1, x0:x1]
    return Answer(
        draw=lambda photograph: draw(photograph, inside),
        drawn="alone",
        map=lambda: _in_photograph(predicted, place),
        record={"map": _summary(inside.numpy())} if writes_numbers else {},
    )


def vector_answer(
    predicted: Tensor, draw: Callable[[Picture], Picture], *, drawn: Drawn, writes_numbers: bool
) -> Answer:
    """Numbers as they were predicted; in predictions.json with ``writes_numbers``."""
    numbers = tuple(float(number) for number in predicted.flatten())
    return Answer(draw, drawn, vector=numbers, record={"vector": _finite(numbers)} if writes_numbers else {})


def _in_photograph(predicted: Tensor, place: Fit) -> Float32[np.ndarray, "K h w"]:
    stored = predicted.numpy().reshape(-1, *predicted.shape[-2:])
    if predicted.is_floating_point():
        return place.maps_back(stored)
    y0, y1, x0, x1 = place.inside
    rows = slice(0, place.original[0])
    return np.stack([nearest_rows(ids[y0:y1, x0:x1], place.original, rows) for ids in stored]).astype(np.float32)


def _summary(inside: np.ndarray) -> dict[str, list[float | None]]:
    channels = inside.reshape(-1, *inside.shape[-2:]).astype(np.float64)
    return {
        name: _finite(measure(channels, axis=(1, 2)).tolist())
        for name, measure in (("minimum", np.min), ("mean", np.mean), ("maximum", np.max))
    }


def _finite(numbers: Iterable[float]) -> list[float | None]:
    """JSON has no word for what is not finite."""
    return [number if math.isfinite(number) else None for number in numbers]
