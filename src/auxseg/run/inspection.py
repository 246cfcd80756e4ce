"""What the sharing scheme of a trained network does: attention on a few photographs, and who takes how much of whom."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from auxseg.data.batch import Batch
from auxseg.data.loader import EvaluationLoader
from auxseg.data.store import Store
from auxseg.drawing import Picture, column, panel, save_png, to_picture
from auxseg.files import write_atomically
from auxseg.run.directory import Run
from auxseg.run.load import Model
from auxseg.tasks.views import by_view

NUM_IMAGES: Final = 3
SIDE: Final = 192
PER_ROW: Final = 6


def write_inspection(run: Run, model: Model, store: Store) -> None:
    """Write inspection.json and its pictures, of the first validation images, if there is anything to inspect."""
    matrices = model.network.sharing.mixing_matrices()
    (run.directory / "figures").mkdir(exist_ok=True)
    images = []
    for number, row in enumerate(store.rows("val")[:NUM_IMAGES], start=1):
        (batch,) = EvaluationLoader(store, np.array([row]), 1)
        pictures = _pictures(model, batch)
        if not pictures:
            break
        files = {}
        for place, (task, picture) in enumerate(pictures.items(), start=1):
            files[task] = f"figures/attention-{number}-{place}.png"
            save_png(run.directory / files[task], picture)
        images.append({"id": batch.ids[0], "pictures": files})
    if images or matrices:
        content: dict[str, Any] = {
            "images": images,
            "tasks": list(model.network.tasks),
            "matrices": {place: matrix.tolist() for place, matrix in matrices.items()},
        }
        write_atomically(run.directory / "inspection.json", json.dumps(content, indent=1).encode())


@torch.no_grad()
def _pictures(model: Model, batch: Batch) -> dict[str, Picture]:
    """The photograph and the masks of each task side by side."""
    photograph = to_picture(batch.image[0])
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


def _cut(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[start : start + PER_ROW] for start in range(0, len(items), PER_ROW)]


def _sized(picture: Picture, resampling: Image.Resampling) -> Picture:
    return np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), resampling))
