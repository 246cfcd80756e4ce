"""What a task says of one photograph.

Shape legend: ``h w`` the photograph's own size, ``C`` mask classes, ``K`` channels of a map.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, final

import numpy as np
from jaxtyping import Float32, UInt8

from auxseg.drawing import Picture

Drawn = Literal["overlay", "alone", "nowhere"]
"""Where an answer is drawn: onto the photograph with all others, onto a copy of its own, or not at all."""


@final
@dataclass(frozen=True)
class FoundBox:
    """A box ``x0 y0 x1 y1``, half-open, inside of the photograph, with the name of its class and a score in [0, 1]."""

    name: str
    score: float
    box: tuple[float, float, float, float]


@final
@dataclass(frozen=True)
class FoundPoint:
    """A named point ``x y`` in pixels of the photograph from its upper left corner, with a score in [0, 1]."""

    name: str
    score: float
    place: tuple[float, float]


@final
@dataclass(frozen=True, eq=False)
class Answer:
    """What a task says of one photograph, in pixels of the photograph.

    A task fills in what it has. What takes much memory at the photograph's size is made when it is asked for.

    Attributes:
        draw: draws the answer onto the photograph; gives a new picture of the same size. An answer with a ``map`` and
            nothing else can be drawn onto a smaller copy of the photograph too.
        drawn: where `auxseg predict` and the comparison grid draw it; an ``alone`` answer would cover the others.
        mask: ids of the data's mask classes.
        scores: for every class name in the mask, the mean probability of the class over its pixels, in [0, 1].
        probabilities: gives the probability of every mask class in every pixel.
        classes: the probability of every class name of a label.
        tags: the probability of every tag.
        box: ``x0 y0 x1 y1``, half-open, inside of the photograph.
        boxes: boxes with class and score, the surest first; empty where none was found.
        points: named points of one thing; those of which the task is not sure are left out.
        map: gives the numbers of every pixel.
        vector: numbers about the photograph as a whole; places among them are in its pixels.
        record: what stands under the task's name in ``answers`` of predictions.json, beside what every mask, class and
            box adds to it; values of JSON.
    """

    draw: Callable[[Picture], Picture]
    drawn: Drawn = "overlay"
    mask: UInt8[np.ndarray, "h w"] | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    probabilities: Callable[[], Float32[np.ndarray, "C h w"]] | None = None
    classes: Mapping[str, float] | None = None
    tags: Mapping[str, float] | None = None
    box: tuple[float, float, float, float] | None = None
    boxes: tuple[FoundBox, ...] | None = None
    points: tuple[FoundPoint, ...] | None = None
    map: Callable[[], Float32[np.ndarray, "K h w"]] | None = None
    vector: tuple[float, ...] | None = None
    record: Mapping[str, object] = field(default_factory=dict)
