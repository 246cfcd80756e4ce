"""Asking whatever computes the outputs of tasks about one photograph: a network, or a file that was exported from one.

Shape legend: ``S`` the stored side, ``h w`` a photograph's own size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from auxseg.data.geometry import Fit, fit
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, MISSING, Vocabulary
from auxseg.keyed import sample_keys
from auxseg.recipe import Recipe
from auxseg.run.prediction.photograph import read_photograph
from auxseg.run.prediction.prediction import Prediction
from auxseg.tasks import Task
from auxseg.tasks.task import IMAGE

Photograph = str | Path | Image.Image | UInt8[np.ndarray, "h w 3"]
"""A path, an image of Pillow, or pixels; see `read_photograph`."""

Compute = Callable[[Batch, Sequence[str]], Mapping[str, Tensor]]
"""Gives the raw outputs of tasks of these names for a batch of one photograph."""


class Predictor(Protocol):
    """What can be asked about a photograph, with the names behind its answers."""

    @property
    def tasks(self) -> Mapping[str, Task]:
        """The tasks whose outputs it computes."""
        ...

    @property
    def recipe(self) -> Recipe:
        """How it was trained."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """The names behind its answers, and how photographs are fitted."""
        ...

    @property
    def untrained(self) -> frozenset[str]:
        """Auxiliaries whose outputs mean nothing."""
        ...

    def predict(self, photograph: Photograph, *, exif: str = "auto", probabilities: bool = False) -> Prediction:
        """What it says of one photograph; see `auxseg.predict`."""
        ...


def answering(model: Predictor) -> dict[str, Task]:
    """The tasks that say something of a photograph: those that see the target's picture and have learned of it.

    What was exported without the target sees the photograph itself.
    """
    target = model.tasks.get(model.recipe.target)
    view = IMAGE if target is None else target.view
    return {
        name: task
        for name, task in model.tasks.items()
        if task.view == view and name not in model.untrained and task.has_answer
    }


def ask(
    tasks: Mapping[str, Task],
    vocabulary: Vocabulary,
    compute: Compute,
    photograph: Photograph,
    *,
    exif: str = "auto",
    probabilities: bool = False,
) -> Prediction:
    """What these tasks say of a photograph, in its own pixels. Raises `InputError` if it cannot be read."""
    image = read_photograph(photograph, vocabulary.exif if exif == "auto" else exif)
    place = fit(image.shape[:2], vocabulary.size, vocabulary.resize)
    outputs = compute(_batch(image, place, vocabulary), list(tasks))
    answers = {name: task.answer(outputs[name].float().cpu()[0], place) for name, task in tasks.items()}
    asked = {name: answer.probabilities for name, answer in answers.items()} if probabilities else {}
    return Prediction(image, answers, {name: give() for name, give in asked.items() if give is not None})


def _batch(image: UInt8[np.ndarray, "h w 3"], place: Fit, vocabulary: Vocabulary) -> Batch:
    """One photograph as the network sees a stored one, without labels."""
    stored = torch.from_numpy(place.image(image)).permute(2, 0, 1)[None].float() / 255
    inside = torch.zeros(1, place.size, place.size, dtype=torch.bool)
    y0, y1, x0, x1 = place.inside
    inside[:, y0:y1, x0:x1] = True
    return Batch(
        ids=("",),
        image=stored,
        clean=stored,
        mask=torch.full(inside.shape, IGNORE, dtype=torch.uint8),
        box=torch.full((1, 4), torch.nan),
        classes={label: torch.tensor([MISSING]) for label in vocabulary.labels},
        inside=inside,
        keys=sample_keys(0, [0], [""]),
    )
