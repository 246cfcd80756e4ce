"""Asking whatever computes the outputs of tasks about one photograph: a network, or a file that was exported from one.

Shape legend: ``h w`` a photograph's own size, ``C`` its channels.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt
from PIL import Image
from torch import Tensor

from auxseg.data.channels import displayed
from auxseg.data.geometry import fit
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.evaluation.averaging import TTA, average, refuse_averaging
from auxseg.recipe import Recipe
from auxseg.run.prediction.photograph import batch_of, read_photograph
from auxseg.run.prediction.prediction import Prediction
from auxseg.tasks import Task, View
from auxseg.tasks.task import IMAGE
from auxseg.tasks.views import by_view

Photograph = str | Path | Image.Image | UInt[np.ndarray, "h w C"]
"""A path, an image of Pillow, or pixels; see `read_photograph`."""

Compute = Callable[[Batch, View, Sequence[str]], Mapping[str, Tensor]]
"""Gives the raw outputs of tasks of these names, which share a view, for a batch of one photograph."""


@runtime_checkable
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

    def predict(
        self,
        photograph: Photograph,
        *,
        exif: str = "auto",
        probabilities: bool = False,
        tasks: Collection[str] | None = None,
        tta: TTA = "none",
    ) -> Prediction:
        """What it says of one photograph; see `auxseg.predict`."""
        ...


def answerable(model: Predictor) -> dict[str, Task]:
    """The tasks that can say something of a photograph, those with a picture of their own too."""
    return {name: task for name, task in model.tasks.items() if name not in model.untrained and task.has_answer}


def answering(model: Predictor) -> dict[str, Task]:
    """The tasks that say something of a photograph: those that see the target's picture and have learned of it.

    What was exported without the target sees the photograph itself.
    """
    target = model.tasks.get(model.recipe.target)
    view = IMAGE if target is None else target.view
    return {name: task for name, task in answerable(model).items() if task.view == view}


def ask(
    model: Predictor,
    compute: Compute,
    photograph: Photograph,
    *,
    exif: str,
    probabilities: bool,
    tasks: Collection[str] | None,
    tta: TTA,
) -> Prediction:
    """What a model says of a photograph, in its own pixels, by the outputs that ``compute`` gives.

    ``tasks`` names those to ask, which may also look at a picture of their own; by default `answering`. With ``tta``
    ``flip`` outputs are averaged over the photograph and its mirror image. Raises `InputError` if the photograph cannot
    be read, for a task that gives no answer, and for a target that is not averaged.
    """
    refuse_averaging(tta, model.tasks, model.recipe.target, "predict")
    asked = answering(model) if tasks is None else _named(model, tasks)
    vocabulary = model.vocabulary
    image = read_photograph(photograph, vocabulary.exif if exif == "auto" else exif, vocabulary.channels)
    place = fit(image.shape[:2], vocabulary.size, vocabulary.resize)
    batch = batch_of(image, place, vocabulary)
    outputs: dict[str, Tensor] = {}
    for view, names in by_view(asked.values()).items():
        outputs |= compute(batch, view, names)
    if tta != "none":
        outputs = average(asked, batch, outputs, lambda tasks, mirrored: compute(mirrored, IMAGE, list(tasks)))
    answers = {name: task.answer(outputs[name].float().cpu()[0], place) for name, task in asked.items()}
    makers = {name: answer.probabilities for name, answer in answers.items()} if probabilities else {}
    shown = displayed(image, vocabulary.channels)
    return Prediction(shown, answers, {name: give() for name, give in makers.items() if give is not None})


def _named(model: Predictor, names: Collection[str]) -> dict[str, Task]:
    known = answerable(model)
    for name in names:
        if name not in known:
            raise InputError(f"no task {name!r} of this model answers; those that do are {', '.join(known)}")
    return {name: task for name, task in known.items() if name in names}
