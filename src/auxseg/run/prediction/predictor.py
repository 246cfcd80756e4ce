"""Asking whatever computes the outputs of tasks about one photograph: a network, or a file that was exported from one.

Shape legend: ``h w`` a photograph's own size, ``C`` its channels, ``N`` pictures of it, ``H W`` their size.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, final, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt
from PIL import Image
from torch import Tensor

from auxseg.data.channels import displayed
from auxseg.data.geometry import Fit, fit, own_fit, padded_fit
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.evaluation.averaging import TTA, average, averaged_tasks, refuse_averaging
from auxseg.evaluation.tiling import Tiles, by_views, refuse_tiles
from auxseg.recipe import Recipe
from auxseg.records.values.size import Size
from auxseg.run.prediction.by_tiles import Seen, answers_by_tiles, answers_in_bands
from auxseg.run.prediction.large_image import MOST_PIXELS, LargeImage
from auxseg.run.prediction.photograph import batch_of, read_photograph
from auxseg.run.prediction.prediction import Prediction
from auxseg.run.prediction.tiles import own_tiles
from auxseg.tasks import Task
from auxseg.tasks.answers import Answer
from auxseg.tasks.task import IMAGE
from auxseg.tasks.views import untiled

Photograph = str | Path | Image.Image | UInt[np.ndarray, "h w C"]
"""A path, an image of Pillow, or pixels; see `read_photograph`."""

Compute = Callable[[Float[Tensor, "N C H W"], Sequence[str]], Mapping[str, Tensor]]
"""Gives the raw outputs of tasks of these names, which share a view, for pictures as they see them."""


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
        tiles: Tiles | None = None,
    ) -> Prediction:
        """What it says of one photograph; see `auxseg.predict`. By default by the tiles of its own, if it has any."""
        ...

    def predict_in_bands(self, image: LargeImage, *, tta: TTA = "none", tiles: Tiles) -> InBands:
        """What it says of an image that is too large to be held whole."""
        ...


@final
@dataclass(frozen=True, eq=False)
class InBands:
    """What tasks say of a large image: those that look at it whole, and the others one band of rows after the other."""

    whole: Mapping[str, Answer]
    bands: Iterator[tuple[slice, dict[str, Answer]]]


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
    tiles: Tiles | None,
) -> Prediction:
    """What a model says of a photograph, in its own pixels, by the outputs that ``compute`` gives.

    ``tasks`` names those to ask, which may also look at a picture of their own; by default `answering`. With ``tta``
    ``flip`` outputs are averaged over the photograph and its mirror image. With ``tiles`` (by default `own_tiles`) maps
    are answered tile by tile, see `auxseg.run.prediction.by_tiles`, and all else is about the photograph as it would be
    stored, shrunk to the size of a tile. Raises `InputError` if the photograph cannot be read, for a task that gives no
    answer, and for a target that is not averaged or not answered tile by tile.
    """
    refuse_averaging(tta, model.tasks, model.recipe.target, "predict")
    tiles = own_tiles(model.recipe) if tiles is None else tiles
    if tiles is not None and model.recipe.target in model.tasks:
        refuse_tiles(tiles, model.tasks, model.recipe.target, "predict")
    asked = answering(model) if tasks is None else _named(model, tasks)
    vocabulary = model.vocabulary
    exif = vocabulary.exif if exif == "auto" else exif
    image = read_photograph(photograph, exif, vocabulary.channels, None if tiles is None else MOST_PIXELS)
    by_tiles = {} if tiles is None else {name: task for name, task in asked.items() if not untiled(task)}
    others = {name: task for name, task in asked.items() if name not in by_tiles}
    answers = _of_stored(model, compute, image, others, tta, tiles) if others else {}
    if tiles is not None and by_tiles:
        seen = Seen.of(image, vocabulary)
        answers |= answers_by_tiles(by_tiles, _averaged(compute, by_tiles, tta), seen, tiles, vocabulary.mask_classes)
    answers = {name: answers[name] for name in asked}
    makers = {name: answer.probabilities for name, answer in answers.items()} if probabilities else {}
    shown = displayed(image, vocabulary.channels)
    return Prediction(shown, answers, {name: give() for name, give in makers.items() if give is not None})


def ask_in_bands(model: Predictor, compute: Compute, image: LargeImage, *, tta: TTA, tiles: Tiles) -> InBands:
    """What the tasks in `answering` say of a large image; the arguments, and what is refused, are those of `ask`.

    Tasks that look at the whole image see its small copy.
    """
    refuse_averaging(tta, model.tasks, model.recipe.target, "predict")
    if model.recipe.target in model.tasks:
        refuse_tiles(tiles, model.tasks, model.recipe.target, "predict")
    asked = answering(model)
    by_tiles = {name: task for name, task in asked.items() if not untiled(task)}
    others = {name: task for name, task in asked.items() if name not in by_tiles}
    whole = _of_stored(model, compute, image, others, tta, tiles) if others else {}
    seen = Seen.of(image, model.vocabulary)
    return InBands(whole, answers_in_bands(by_tiles, _averaged(compute, by_tiles, tta), seen, tiles))


def _of_stored(
    model: Predictor,
    compute: Compute,
    image: UInt[np.ndarray, "h w C"] | LargeImage,
    asked: Mapping[str, Task],
    tta: TTA,
    tiles: Tiles | None,
) -> dict[str, Answer]:
    """What tasks say of a photograph as it would be stored."""
    vocabulary = model.vocabulary
    place = fit((image.shape[0], image.shape[1]), vocabulary.size, vocabulary.resize)
    if tiles is not None and model.recipe.data.size is None:
        place = _shrunk_place(image, vocabulary, tiles)
    batch = batch_of(image.small if isinstance(image, LargeImage) else image, place, vocabulary)

    def outputs_of(tasks: Mapping[str, Task], batch: Batch) -> dict[str, Tensor]:
        return by_views(compute, tasks, batch, tiles)

    outputs = outputs_of(asked, batch)
    if tta != "none":
        outputs = average(asked, batch, outputs, outputs_of)
    return {name: task.answer(outputs[name].float().cpu()[0], place) for name, task in asked.items()}


def _shrunk_place(image: UInt[np.ndarray, "h w C"] | LargeImage, vocabulary: Vocabulary, tiles: Tiles) -> Fit:
    """Where the whole photograph lies for a model that was trained on windows of images of their own sizes.

    It fills a tile, as the stored image that the model is measured on is shrunk to one. A photograph that is smaller
    than a tile on a side is padded first, as stores pad it.
    """
    seen = Seen.of(image, vocabulary)
    if min(seen.height, seen.width) >= tiles.size:
        return fit((image.shape[0], image.shape[1]), tiles.size, "squash")
    own = own_fit((image.shape[0], image.shape[1]), Size(seen.height, seen.width))
    return padded_fit(own, tiles.size)


def _averaged(compute: Compute, asked: Mapping[str, Task], tta: TTA) -> Compute:
    """The outputs for tiles, averaged over each tile and its mirror image if that is asked for."""
    if tta == "none":
        return compute

    def both(pictures: Float[Tensor, "N C H W"], names: Sequence[str]) -> dict[str, Tensor]:
        outputs, twice = dict(compute(pictures, names)), [name for name in averaged_tasks(asked) if name in names]
        mirrored = compute(pictures.flip(-1), twice) if twice else {}
        means = {
            name: (outputs[name].float() + asked[name].mirrored_back(mirrored[name].float())) / 2 for name in twice
        }
        return outputs | means

    return both


def _named(model: Predictor, names: Collection[str]) -> dict[str, Task]:
    known = answerable(model)
    for name in names:
        if name not in known:
            raise InputError(f"no task {name!r} of this model answers; those that do are {', '.join(known)}")
    return {name: task for name, task in known.items() if name in names}
