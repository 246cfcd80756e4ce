"""Where the masks of a run are wrong: contours of truth and prediction on its worst images, and a map of the errors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image

from auxseg.data.geometry import fit
from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.store.store import Store
from auxseg.drawing import Picture, draw_contours, draw_errors, save_png, to_picture
from auxseg.evaluation.measure import Asked
from auxseg.records.names import FIGURES_FOLDER
from auxseg.records.pictures import Example
from auxseg.run.model import Model
from auxseg.tasks.task import Task, blank_answer

NUM_MISTAKES: Final = 6
NUM_SAME: Final = 4
SIDE: Final = 256


def draw_mistakes(
    run: Path, model: Model, asked: Asked, store: Store, rows: np.ndarray, values: Sequence[float | None]
) -> list[Example]:
    """Draw the worst images and, so that runs can be compared, some that are the same for every run of this split.

    ``values`` holds the target's figure of every row. The pictures are written into ``figures``; returned is what
    examples.json says of them: rank ``mistakes`` for the worst (contours beside the error map), worst first, and rank
    ``same`` for the others (contours alone), at even steps through the split. Nothing for a target without masks.
    """
    target = model.tasks[model.recipe.target]
    if blank_answer(target, store.size).mask is None:
        return []
    examples: list[Example] = []
    for rank, places in (("mistakes", _worst(values, target)), ("same", _even(values))):
        for number, place in enumerate(places, start=1):
            name = f"{FIGURES_FOLDER}/{rank}-{number}.png"
            photograph, truth, prediction = _masks(asked, target, store, int(rows[place]))
            drawn = [draw_contours(photograph, truth, prediction)]
            drawn += [draw_errors(photograph, truth, prediction)] if rank == "mistakes" else []
            save_png(run / name, np.concatenate(drawn, axis=1))
            id_ = str(store.ids[rows[place]])
            examples.append(Example(id_, rank, values[place], name))
    return examples


def _worst(values: Sequence[float | None], target: Task) -> list[int]:
    sign = 1 if target.higher_is_better else -1
    known = sorted((sign * value, place) for place, value in enumerate(values) if value is not None)
    return [place for _, place in known[:NUM_MISTAKES]]


def _even(values: Sequence[float | None]) -> list[int]:
    places = np.linspace(0, len(values) - 1, min(NUM_SAME + 2, len(values))).round().astype(int).tolist()
    return places[1:-1] or places


@torch.no_grad()
def _masks(asked: Asked, target: Task, store: Store, row: int) -> tuple[Picture, np.ndarray, np.ndarray]:
    """The photograph at the size of a page, and the true and the predicted classes at that of the network."""
    (batch,) = EvaluationLoader(store, np.array([row]), 1)
    outputs = asked.outputs({target.name: target}, batch.to(asked.device))
    seen = store.place(row).size
    height, width = seen.resized(SIDE)
    shown = Image.fromarray(to_picture(batch.image[0], batch.channels))
    photograph = shown.resize((width, height), Image.Resampling.BICUBIC)
    place = fit((seen.height, seen.width), seen, "squash")
    prediction = target.answer(outputs[target.name][0].float().cpu(), place).mask
    assert prediction is not None, "blank_answer gave a mask"
    return np.asarray(photograph), batch.mask[0].numpy(), prediction
