"""Measuring the model that a run keeps on a split, and writing down what was found."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import torch
from PIL import Image

from auxseg.arguments import as_path, as_typed
from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.store.store import Store
from auxseg.drawing import panel, save_png, to_picture
from auxseg.errors import InputError
from auxseg.evaluation.at_original import Original, measure_at_original, refuse_at
from auxseg.evaluation.averaging import TTA, refuse_averaging
from auxseg.evaluation.measure import Asked, Measured, measure
from auxseg.evaluation.mirrored import Scored, measure_mirrored
from auxseg.evaluation.tiling import Tiles, refuse_tiles
from auxseg.models.forward import with_teacher
from auxseg.records.event_log import EventLog
from auxseg.records.events import Evaluated
from auxseg.records.metrics import At, ClassFigures, ConfusionTable, Metrics, TileFacts, write_metrics
from auxseg.records.names import FIGURES_FOLDER
from auxseg.records.pictures import Example, write_examples
from auxseg.records.table import Cell, write_per_image
from auxseg.records.values.size import Size
from auxseg.records.values.writing import to_mapping
from auxseg.run.directory import Run, describe_data
from auxseg.run.inspection import NUM_INSPECTED, write_inspection
from auxseg.run.load import in_words_of, load, matching_store, refuse_without_originals
from auxseg.run.mistakes import draw_mistakes
from auxseg.run.model import Model
from auxseg.run.packed.finding import is_packed
from auxseg.run.prediction.tiles import AskedTiles, chosen_tiles
from auxseg.tasks import Task
from auxseg.training.allocator import freed_memory_kept

NUM_EXAMPLES: Final = 3
EXAMPLE_SIZE: Final = 256


@final
@dataclass(frozen=True, kw_only=True)
class How:
    """How images are measured; the fields are the arguments of `evaluate`."""

    mirrored: bool = False
    tta: TTA = "none"
    at: At = "stored"
    tiles: AskedTiles = None
    overlap: float | None = None


def evaluate(
    run: Run | str | Path,
    split: str = "test",
    data: str | Path | None = None,
    device: str = "auto",
    *,
    mirrored: bool = False,
    tta: TTA = "none",
    at: At = "stored",
    tiles: AskedTiles = None,
    overlap: float | None = None,
) -> dict[str, Any]:
    """Measure the model that is kept on a split; writes metrics.json, per_image.csv and examples.json.

    Without ``data`` the store is read that the run was trained on. Every reading is recorded in events.jsonl.
    A model directory, a model file or a model on a Hub (see `load`) is measured on ``data``; nothing is written.

    With ``mirrored`` every image is measured as it is and with left and right exchanged, its labels too. Figures,
    losses and confusion tables are from both together, so pixels in tables are counted in both; per_image.csv has the
    mean of both for each image. Counts of images and pictures are of the images as they are, and so is all of an
    auxiliary task for which left and right mean something. See `Metrics`.

    With ``tta="flip"`` every output is the mean of those for the image and for its mirror image, see
    `auxseg.evaluation.averaging`: another model, as it were, that takes twice the time. ``mirrored`` asks the same
    model twice instead.

    With ``at="original"`` the target's masks are compared at the size of the images, as `auxseg predict` writes them:
    its figures, tables and rows are in the images' own pixels. Losses and all other tasks stay at the stored size. The
    store must keep the masks so, see ``original_masks`` of `auxseg.prepare`.

    With ``tiles`` (a side in pixels of the store, ``True`` for the one that was trained on) images are asked tile by
    tile, see `auxseg.evaluation.tiling`; ``overlap`` is what tiles have in common, 0.5 of their side unless told. A run
    with ``data.crop`` is always measured so.

    Returns what metrics.json holds. Raises `InputError` if the split is empty, was trained on besides train, or the
    store does not fit the model, for mirror images of a target for which left and right mean something, and at the
    original size for a target that does not predict the mask, or a store without original masks.
    """
    how = How(mirrored=mirrored, tta=tta, at=at, tiles=tiles, overlap=overlap)
    if not isinstance(run, Run) and is_packed(run):
        return to_mapping(measured_alone(run, split, data, device, how))
    return to_mapping(measured(Run.open(run), split, data, device, how))


@freed_memory_kept()
def measured(
    run: Run,
    split: str = "test",
    data: str | Path | None = None,
    device: str = "auto",
    how: How = How(),
    *,
    most: int | None = None,
) -> Metrics:
    """The same, as a typed value; of at most ``most`` images, to time an evaluation."""
    model = load(run, device)
    asked = _asked(model, str(run.directory), split, how)
    store = matching_store(run, model, data)
    rows = _rows(store, split, how.at)[:most]
    reading = Evaluated(time=_now(), split=split, step=model.step, data=str(store.path), mirrored=how.mirrored)
    EventLog(run.events_file).append(replace(reading, tta=how.tta, at=how.at, tiles=_facts(asked.tiles)))
    metrics, scored = _measured(model, asked, store, split, rows, how)
    write_per_image(run.directory, _columns(model.tasks, scored))
    _write_examples(run, model, asked, store, rows, scored.images)
    write_inspection(run, model, store, store.rows("val")[:NUM_INSPECTED])
    write_metrics(run.directory, metrics)  # last: all is there
    return metrics


@freed_memory_kept()
def measured_alone(
    place: str | Path, split: str = "test", data: str | Path | None = None, device: str = "auto", how: How = How()
) -> Metrics:
    """The same of a model outside of any run, where ``data`` must be named. Nothing is written."""
    shown = as_typed(as_path(place, "run"))
    if data is None:
        raise InputError(f"{shown}: a packed model has no data; name a store with --data to measure it on")
    model = load(place, device)
    asked = _asked(model, shown, split, how)
    store = in_words_of(model, Store.open(data))
    return _measured(model, asked, store, split, _rows(store, split, how.at), how)[0]


def _asked(model: Model, place: str, split: str, how: How) -> Asked:
    """How the model's network is asked. Raises `InputError` for what would be no figure of this model."""
    target, tiles = (
        model.tasks[model.recipe.target],
        chosen_tiles(model.recipe, model.vocabulary, how.tiles, how.overlap),
    )
    if how.mirrored and not target.mirrors:
        raise InputError(
            f"{place}: left and right mean something for the target {target.name}, so mirror images are no "
            "samples of it; evaluate it without mirrored scoring"
        )
    refuse_averaging(how.tta, model.tasks, target.name, place)
    refuse_at(how.at, target, place)
    if tiles is not None:
        refuse_tiles(tiles, model.tasks, target.name, place, model.network)
    if split == "val" and model.recipe.data.train_on != "train":
        raise InputError(f"{place}: was trained on {model.recipe.data.train_on}; evaluate it on test")
    return model.asked(how.tta, tiles)


def _facts(tiles: Tiles | None) -> TileFacts | None:
    return None if tiles is None else TileFacts(tiles.size, tiles.overlap)


def _rows(store: Store, split: str, at: At) -> np.ndarray:
    rows = store.rows(split)
    if not len(rows):
        raise InputError(f"{store.path}: the split {split} is empty")
    if at == "original":
        refuse_without_originals(store)
    return rows


def _measured(
    model: Model, asked: Asked, store: Store, split: str, rows: np.ndarray, how: How
) -> tuple[Metrics, Scored]:
    started = time.perf_counter()
    one_by_one = how.at == "original" or asked.tiles is not None
    loader, tasks = EvaluationLoader(store, rows, 1 if one_by_one else model.recipe.training.batch), model.tasks
    if how.at == "original":
        originals = (Original(store.place(row), store.read_original_mask(row)) for row in rows.tolist())
        target = model.recipe.target
        scored = measure_at_original(asked, tasks, loader, target, originals, mirrored=how.mirrored)
    else:
        scored = measure_mirrored(asked, tasks, loader) if how.mirrored else Scored(measure(asked, tasks, loader))
    return _metrics(model, asked, store, split, scored, how.at, time.perf_counter() - started), scored


def _metrics(model: Model, asked: Asked, store: Store, split: str, scored: Scored, at: At, seconds: float) -> Metrics:
    measured = scored.both
    tables = {
        f"{name}.{title}": ConfusionTable(tuple(names), tuple(map(tuple, np.asarray(counts).tolist())))
        for name, task in model.tasks.items()
        for title, (names, counts) in task.tables(measured.tables[name]).items()
    }
    figures = {name: scored.figures(task) for name, task in model.tasks.items()}
    return Metrics(
        split=split,
        num_images=len(scored.images.ids),
        mirrored=scored.mirrors is not None,
        tta=asked.tta,
        at=at,
        tiles=_facts(asked.tiles),
        checkpoint_step=model.step,
        target=model.recipe.target,
        main_figure=model.tasks[model.recipe.target].main_figure,
        data=describe_data(store),
        figures={name: {key: _number(value) for key, value in values.items()} for name, values in figures.items()},
        losses={name: _number(value) for name, value in measured.losses(model.tasks).items()},
        explain={name: task.explain() for name, task in model.tasks.items()},
        tables=tables,
        classes={name: classes for name, task in model.tasks.items() if (classes := _classes(task, measured))},
        seconds=seconds,
    )


def _classes(task: Task, measured: Measured) -> dict[str, ClassFigures]:
    """Figures by class; how many pixels there are is whole."""
    return {
        name: ClassFigures(
            iou=_number(values["iou"]),
            precision=_number(values["precision"]),
            recall=_number(values["recall"]),
            pixels=int(values["pixels"]),
            predicted_pixels=int(values["predicted_pixels"]),
        )
        for name, values in task.classes(measured.tables[task.name]).items()
    }


def _number(value: float) -> float | None:
    return None if value != value else float(value)


def _columns(tasks: Mapping[str, Task], scored: Scored) -> dict[str, list[Cell]]:
    columns: dict[str, list[Cell]] = {"id": list(scored.images.ids)}
    for name, task in tasks.items():
        columns |= {f"{name}.{column}": values for column, values in scored.rows(task).items()}
    return columns


def _write_examples(run: Run, model: Model, asked: Asked, store: Store, rows: np.ndarray, measured: Measured) -> None:
    """Draw the best, median and worst images by the target's own figure."""
    target = model.tasks[model.recipe.target]
    cells = target.rows(measured.tables[target.name])[target.row_figure]
    values = [cell if isinstance(cell, int | float) else None for cell in cells]
    known = [(value, place) for place, value in enumerate(values) if value is not None]
    ranked = sorted(known, reverse=target.higher_is_better)
    middle = max(len(ranked) // 2 - NUM_EXAMPLES // 2, 0)
    chosen = {
        "best": ranked[:NUM_EXAMPLES],
        "median": ranked[middle : middle + NUM_EXAMPLES],
        "worst": ranked[::-1][:NUM_EXAMPLES],
    }
    (run.directory / FIGURES_FOLDER).mkdir(exist_ok=True)
    examples: list[Example] = []
    for rank, entries in chosen.items():
        for number, (value, place) in enumerate(entries, start=1):
            name = f"{FIGURES_FOLDER}/{rank}-{number}.png"
            save_png(run.directory / name, _picture(model, asked, store, int(rows[place])))
            examples.append(Example(measured.ids[place], rank, value, name))
    examples += draw_mistakes(run.directory, model, asked, store, rows, values)
    write_examples(run.directory, examples)


@torch.no_grad()
def _picture(model: Model, asked: Asked, store: Store, row: int) -> np.ndarray:
    """Photograph, truth and prediction side by side; a task that would cover them gets a row with what it sees."""
    (batch,) = EvaluationLoader(store, np.array([row]), 1)
    outputs = asked.outputs(model.tasks, batch.to(model.device))
    batch = with_teacher(model.network, model.tasks, batch, outputs)
    photograph = _enlarged(to_picture(batch.image[0], batch.channels))
    truth, prediction = photograph, photograph
    rows = []
    for name, task in model.tasks.items():
        true, predicted = task.target(batch)[0], task.predict(outputs[name].float())[0].cpu()
        if task.own_row:
            seen = _enlarged(to_picture(task.view.look(batch)[0], batch.channels))
            drawn = task.draw(photograph, true, truth=True), task.draw(photograph, predicted, truth=False)
            rows.append(panel([seen, *drawn], [f"{name} sees", "truth", "prediction"]))
        else:
            truth, prediction = task.draw(truth, true, truth=True), task.draw(prediction, predicted, truth=False)
    return np.concatenate([panel([photograph, truth, prediction], ["photograph", "truth", "prediction"]), *rows])


def _enlarged(picture: np.ndarray) -> np.ndarray:
    """Small pictures at a size at which one sees something."""
    size = Size(picture.shape[0], picture.shape[1])
    height, width = size.resized(max(size.longer, EXAMPLE_SIZE))
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
