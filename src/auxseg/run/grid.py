"""Several runs on the same photographs: one picture with a row per image and a column per run."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image

from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.store.store import Store
from auxseg.drawing import Picture, column, panel, save_png, to_picture
from auxseg.errors import InputError
from auxseg.models.forward import forward
from auxseg.records.table import read_per_image
from auxseg.run.directory import Run
from auxseg.run.load import Model, load
from auxseg.tasks import BoxTask, Task

NUM_IMAGES: Final = 6
SIDE: Final = 224


def draw_grid(runs: Mapping[str, Run], out: Path, data: str | Path | None = None) -> Path:
    """Draw photograph, truth and every run's mask and box for images from good to bad, and write the picture.

    The images stand at even steps through the ranking by the mean, over the runs, of the target's figure per image
    (as the last evaluation of each run left it in per_image.csv). Raises `InputError` if the runs were not evaluated
    on the same images of the same data.
    """
    models = {name: load(run) for name, run in runs.items()}
    stores = {
        name: Store.open(Path(data) if data is not None else Path(runs[name].start["data"]["path"])).at_size(
            model.vocabulary.size
        )
        for name, model in models.items()
    }
    if len({store.content_hash for store in stores.values()}) > 1:
        raise InputError(f"{', '.join(runs)}: were evaluated on different data; no picture can show them together")
    ids = _chosen({name: _values(run, models[name]) for name, run in runs.items()})
    rows = [_row(models, stores, id_) for id_ in ids]
    save_png(out, column(rows))
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
            f"{', '.join(values)}: no image in common has a figure of the target; no picture can show them together"
        )
    ranked = sorted(common, key=lambda id_: (-statistics.mean(own[id_] for own in values.values()), id_))
    places = np.linspace(0, len(ranked) - 1, min(NUM_IMAGES, len(ranked))).round().astype(int)
    return [ranked[place] for place in places]


@torch.no_grad()
def _row(models: Mapping[str, Model], stores: Mapping[str, Store], id_: str) -> Picture:
    fullest = max(models, key=lambda name: len(_shown(models[name])))
    first: list[Picture] = []
    predictions: list[Picture] = []
    for name, model in models.items():
        store = stores[name]
        (batch,) = EvaluationLoader(store, np.flatnonzero(store.ids == id_), 1)
        photograph = _enlarged(to_picture(batch.image[0]))
        with model.autocast():
            outputs = forward(model.network, model.tasks, batch.to(model.device))
        truth, prediction = photograph, photograph
        for task in _shown(model):
            truth = task.draw(truth, task.target(batch)[0], truth=True)
            prediction = task.draw(prediction, task.predict(outputs[task.name].float())[0].cpu(), truth=False)
        predictions.append(prediction)
        if name == fullest:
            first = [photograph, truth]
    return panel([*first, *predictions], ["photograph", "truth", *models])


def _shown(model: Model) -> Sequence[Task]:
    """The target and the boxes: what can be told apart in one small picture."""
    target = model.recipe.target
    return [task for name, task in model.tasks.items() if name == target or isinstance(task, BoxTask)]


def _enlarged(picture: Picture) -> Picture:
    return np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
