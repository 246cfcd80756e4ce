"""What the sharing scheme of a trained network does: attention on a few photographs, and who takes how much of whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from auxseg.data.loading.batch import Batch
from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.store.store import Store
from auxseg.drawing import Picture, column, panel, save_png, to_picture
from auxseg.errors import InputError, nearest
from auxseg.records.names import FIGURES_FOLDER, METRICS_FILE
from auxseg.records.pictures import InspectedImage, Inspection, write_inspection_file
from auxseg.run.attention import has_attention
from auxseg.run.directory import Run
from auxseg.run.load import load, matching_store
from auxseg.run.model import Model
from auxseg.tasks.views import by_view

NUM_INSPECTED: Final = 3
"""Photographs that are inspected if none are named."""
SIDE: Final = 192
PER_ROW: Final = 6

_T = TypeVar("_T")


def inspect(run: Run, ids: Sequence[str], data: str | Path | None = None) -> None:
    """Look at these photographs instead, of any split, in the data that the run was trained on or others.

    Raises `InputError` for an id that the data lack, a run that was not evaluated yet, and a network without attention.
    """
    if not (run.directory / METRICS_FILE).is_file():
        raise InputError(f"{run.directory}: was not evaluated yet; run auxseg evaluate first")
    model = load(run)
    store = matching_store(run, model, data)
    places = {str(name): row for row, name in enumerate(store.ids)}
    for name in ids:
        if name not in places:
            raise InputError(f"{store.path}: has no sample {name!r}{nearest(name, places)}")
    if not write_inspection(run, model, store, [places[name] for name in ids]):
        raise InputError(f"{run.directory}: its network has no attention to draw on images")


def write_inspection(run: Run, model: Model, store: Store, rows: Sequence[int] | np.ndarray) -> bool:
    """Write inspection.json and its pictures, of these rows, if there is anything to inspect.

    Returns whether a photograph could be inspected.
    """
    matrices = model.network.sharing.mixing_matrices()
    (run.directory / FIGURES_FOLDER).mkdir(exist_ok=True)
    images: list[InspectedImage] = []
    for number, row in enumerate(rows if has_attention(model) else (), start=1):
        (batch,) = EvaluationLoader(store, np.array([row]), 1)
        pictures = _pictures(model, batch)
        if not pictures:
            break
        files = {}
        for place, (task, picture) in enumerate(pictures.items(), start=1):
            files[task] = f"{FIGURES_FOLDER}/attention-{number}-{place}.png"
            save_png(run.directory / files[task], picture)
        images.append(InspectedImage(batch.ids[0], files))
    if images or matrices:
        shares = {place: tuple(map(tuple, matrix.tolist())) for place, matrix in matrices.items()}
        write_inspection_file(run.directory, Inspection(tuple(images), tuple(model.network.sharing.branches()), shares))
    return bool(images)


@torch.no_grad()
def _pictures(model: Model, batch: Batch) -> dict[str, Picture]:
    """The photograph and the masks of each task side by side."""
    photograph = to_picture(batch.image[0], batch.channels)
    seen: dict[str, dict[str, Tensor]] = {}
    for view, names in by_view(model.tasks.values()).items():
        with model.autocast():
            seen |= model.network.attention_masks(view.look(batch.to(model.device)), names)
    return {task: _rows(photograph, masks) for task, masks in seen.items()}


def _rows(photograph: Picture, masks: Mapping[str, Tensor]) -> Picture:
    pictures = [_sized(photograph, Image.Resampling.BICUBIC)]
    captions = ["photograph"]
    for place, mask in masks.items():
        low, high = float(mask.min()), float(mask.max())
        grey = (mask[0].cpu() - low) / max(high - low, 1e-6)
        pictures.append(_sized(to_picture(grey.expand(3, -1, -1)), Image.Resampling.NEAREST))
        captions.append(f"{place}: {low:.2f} to {high:.2f}")
    return column([panel(list(part), list(texts)) for part, texts in zip(_cut(pictures), _cut(captions), strict=True)])


def _cut(items: Sequence[_T]) -> list[Sequence[_T]]:
    return [items[start : start + PER_ROW] for start in range(0, len(items), PER_ROW)]


def _sized(picture: Picture, resampling: Image.Resampling) -> Picture:
    return np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), resampling))
