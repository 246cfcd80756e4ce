"""Several runs on the same photographs: one picture with a row per image and a column per run."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image

from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.store.store import Store
from auxseg.drawing import Picture, column, panel, save_png, to_picture
from auxseg.errors import InputError
from auxseg.evaluation.averaging import TTA
from auxseg.evaluation.measure import Asked
from auxseg.models.forward import with_teacher
from auxseg.records.table import read_per_image
from auxseg.records.values.size import Size
from auxseg.run.directory import Run
from auxseg.run.load import at_size_of, load
from auxseg.run.model import Model
from auxseg.run.prediction.predictor import answering
from auxseg.run.prediction.tiles import AskedTiles, chosen_tiles
from auxseg.tasks.answers import Drawn
from auxseg.tasks.task import blank_answer

NUM_IMAGES: Final = 6
SIDE: Final = 224


def draw_grid(
    runs: Mapping[str, Run],
    out: Path,
    data: str | Path | None = None,
    tta: TTA = "none",
    tiles: AskedTiles = None,
    overlap: float | None = None,
) -> Path:
    """Draw photograph, truth and what every run says for images from good to bad, and write the picture.

    The images stand at even steps through the ranking by the mean, over the runs, of the target's figure per image
    (as the last evaluation of each run left it in per_image.csv). Raises `InputError` if the runs were not evaluated
    on the same images of the same data.
    """
    models = {name: load(run) for name, run in runs.items()}
    asked = {
        name: model.asked(tta, chosen_tiles(model.recipe, model.vocabulary, tiles, overlap))
        for name, model in models.items()
    }
    stores = {
        name: at_size_of(model, Store.open(Path(data) if data is not None else runs[name].trained_on[0]))
        for name, model in models.items()
    }
    if len({store.content_hash for store in stores.values()}) > 1:
        raise InputError(
            f"{', '.join(runs)}: were evaluated on different data, so one picture cannot show them together"
        )
    ids = _chosen({name: _values(run, models[name]) for name, run in runs.items()})
    save_png(out, column([_picture(models, asked, stores, id_) for id_ in ids]))
    return out


def _values(run: Run, model: Model) -> dict[str, float]:
    """The target's figure of every image that has one, with the sign that makes more the better."""
    target = model.tasks[model.recipe.target]
    column, sign = f"{target.name}.{target.row_figure}", 1 if target.higher_is_better else -1
    table = read_per_image(run.directory)
    values = zip(table.ids, table.numbers.get(column, ()), strict=False)
    return {id_: sign * value for id_, value in values if value is not None}


def _chosen(values: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Images at even steps through the ranking by the runs' mean, the best first."""
    common = set.intersection(*(set(own) for own in values.values()))
    if not common:
        raise InputError(
            f"{', '.join(values)}: no common image has a figure of the target, so one picture cannot show them together"
        )
    ranked = sorted(common, key=lambda id_: (-statistics.mean(own[id_] for own in values.values()), id_))
    places = np.linspace(0, len(ranked) - 1, min(NUM_IMAGES, len(ranked))).round().astype(int)
    return [ranked[place] for place in places]


def _picture(models: Mapping[str, Model], asked: Mapping[str, Asked], stores: Mapping[str, Store], id_: str) -> Picture:
    """What every run says of an image; a task whose drawing would cover the others gets a row."""
    seen = {name: _see(model, asked[name], stores[name], id_) for name, model in models.items()}
    fullest = max(seen.values(), key=lambda one: len(one.overlaid))
    predictions = [one.prediction for one in seen.values()]
    rows = [panel([fullest.photograph, fullest.truth, *predictions], ["photograph", "truth", *models])]
    for task in dict.fromkeys(task for one in seen.values() for task in one.alone):
        first, *_ = (one for one in seen.values() if task in one.alone)
        blank = np.full_like(first.photograph, 255)
        drawn = [one.alone[task][1] if task in one.alone else blank for one in seen.values()]
        rows.append(panel([first.photograph, first.alone[task][0], *drawn], [task, "truth", *models]))
    return column(rows)


@dataclass(frozen=True, eq=False)
class _Seen:
    """One run's drawings of an image: truth and prediction, by task where a task is drawn alone."""

    photograph: Picture
    truth: Picture
    prediction: Picture
    overlaid: Sequence[str]
    alone: Mapping[str, tuple[Picture, Picture]]


@torch.no_grad()
def _see(model: Model, asked: Asked, store: Store, id_: str) -> _Seen:
    (batch,) = EvaluationLoader(store, np.flatnonzero(store.ids == id_), 1)
    photograph = _enlarged(to_picture(batch.image[0], batch.channels))
    outputs = asked.outputs(model.tasks, batch.to(model.device))
    batch = with_teacher(model.network, model.tasks, batch, outputs)
    truth, prediction = photograph, photograph
    overlaid: list[str] = []
    alone: dict[str, tuple[Picture, Picture]] = {}
    for name, drawn in _drawn(model).items():
        task = model.tasks[name]
        true, predicted = task.target(batch)[0], task.predict(outputs[name].float())[0].cpu()
        if drawn == "alone":
            alone[name] = task.draw(photograph, true, truth=True), task.draw(photograph, predicted, truth=False)
        else:
            truth, prediction = task.draw(truth, true, truth=True), task.draw(prediction, predicted, truth=False)
            overlaid.append(name)
    return _Seen(photograph, truth, prediction, overlaid, alone)


def _drawn(model: Model) -> dict[str, Drawn]:
    """Where each task is drawn: the target in any case, of the others those that `auxseg predict` draws."""
    shown: dict[str, Drawn] = {}
    asked = answering(model)
    for name, task in model.tasks.items():
        if name == model.recipe.target:
            shown[name] = "overlay"
        elif name in asked and (drawn := blank_answer(task, model.vocabulary.size).drawn) != "nowhere":
            shown[name] = drawn
    return shown


def _enlarged(picture: Picture) -> Picture:
    height, width = Size(picture.shape[0], picture.shape[1]).resized(SIDE)
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))
