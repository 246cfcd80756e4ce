"""What a model says of a photograph, as a value.

Shape legend: ``h w`` the photograph's own size, ``C`` mask classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import final

import numpy as np
from jaxtyping import Float32, UInt8

from auxseg.drawing import Picture
from auxseg.run.prediction.lazily import Lazily
from auxseg.tasks.answers import Answer


@final
@dataclass(frozen=True, eq=False)
class Prediction:
    """What the tasks that look at the same picture as the target say, by task name.

    Controls, and tasks that had no label to learn from, say nothing.

    Attributes:
        image: the photograph as the model saw it, turned upright if the model's photographs were. Of other channels
            than RGB of 8 bits it is what `auxseg.data.channels.displayed` shows.
        answers: all that each task says.
        probabilities: of every mask class in every pixel, if they were asked for.
    """

    image: UInt8[np.ndarray, "h w 3"]
    answers: Mapping[str, Answer] = field(default_factory=dict)
    probabilities: Mapping[str, Float32[np.ndarray, "C h w"]] = field(default_factory=dict)

    @property
    def masks(self) -> dict[str, UInt8[np.ndarray, "h w"]]:
        """Class ids; `labels_back` says how they get their size."""
        return {name: answer.mask for name, answer in self.answers.items() if answer.mask is not None}

    @property
    def scores(self) -> dict[str, Mapping[str, float]]:
        """For every class name in a mask, the mean probability of the class over its pixels."""
        return {name: answer.scores for name, answer in self.answers.items() if answer.mask is not None}

    @property
    def classes(self) -> dict[str, Mapping[str, float]]:
        """The probability of every class name."""
        return {name: answer.classes for name, answer in self.answers.items() if answer.classes is not None}

    @property
    def boxes(self) -> dict[str, tuple[float, float, float, float]]:
        """``x0 y0 x1 y1`` in pixels of the photograph, half-open."""
        return {name: answer.box for name, answer in self.answers.items() if answer.box is not None}

    @property
    def vectors(self) -> dict[str, tuple[float, ...]]:
        """Numbers about the photograph as a whole."""
        return {name: answer.vector for name, answer in self.answers.items() if answer.vector is not None}

    @property
    def maps(self) -> Mapping[str, Float32[np.ndarray, "_ h w"]]:
        """Numbers in every pixel (edges, distances), made when they are asked for."""
        return Lazily({name: answer.map for name, answer in self.answers.items() if answer.map is not None})

    @property
    def pictures(self) -> Mapping[str, Picture]:
        """The photograph with every answer that would cover the others, drawn when it is asked for."""
        alone = {name: answer for name, answer in self.answers.items() if answer.drawn == "alone"}
        return Lazily({name: partial(answer.draw, self.image) for name, answer in alone.items()})

    @property
    def overlay(self) -> Picture:
        """The photograph with all other answers: masks first, then what has an outline."""
        picture = self.image
        together = [answer for answer in self.answers.values() if answer.drawn == "overlay"]
        for answer in sorted(together, key=lambda answer: answer.mask is None):
            picture = answer.draw(picture)
        return picture

    def __repr__(self) -> str:
        """Short: the size and what was answered, not the pixels."""
        height, width = self.image.shape[:2]
        kinds = ("masks", "classes", "boxes", "vectors", "pictures")
        answers = {kind: list(getattr(self, kind)) for kind in kinds}
        said = ", ".join(f"{name}={tasks}" for name, tasks in answers.items() if tasks)
        return f"Prediction({height} x {width} pixels{', ' if said else ''}{said})"
