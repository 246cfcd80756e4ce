"""What a model says of a photograph, in the photograph's own pixels.

Shape legend: ``h w`` the photograph's own size, ``C`` mask classes, ``S`` the stored side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from PIL import Image
from torch import Tensor

from auxseg.data.augment.keyed import sample_keys
from auxseg.data.geometry import Fit, fit
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, MISSING
from auxseg.drawing import Picture
from auxseg.run.load import Model
from auxseg.run.prediction.labels_back import labels_back
from auxseg.run.prediction.photograph import read_photograph
from auxseg.tasks.box import BoxTask
from auxseg.tasks.classification import ClassificationTask
from auxseg.tasks.controls.noise import NoiseTask
from auxseg.tasks.controls.random_labels import RandomLabelsTask
from auxseg.tasks.segmentation import SegmentationTask
from auxseg.tasks.task import Dense, Task


@final
class Drawings(Mapping[str, Picture]):
    """Pictures by task name, each drawn when it is asked for, because a large photograph has room for few of them."""

    def __init__(self, pens: Mapping[str, Callable[[], Picture]]) -> None:
        self._pens = dict(pens)

    def __getitem__(self, task: str) -> Picture:
        return self._pens[task]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._pens)

    def __len__(self) -> int:
        return len(self._pens)


@final
@dataclass(frozen=True, eq=False)
class Prediction:
    """What the tasks that look at the same picture as the target say, by task name.

    Controls, and tasks that had no label to learn from, say nothing.

    Attributes:
        image: the photograph as the model saw it, turned upright if the model's photographs were.
        masks: class ids; `labels_back` says how they get their size.
        scores: for every class name in a mask, the mean probability of the class over its pixels.
        classes: the probability of every class name.
        boxes: ``x0 y0 x1 y1`` in pixels of the photograph, half-open.
        pictures: the photograph with other maps drawn onto it (edges, distances).
        probabilities: of every mask class in every pixel, if they were asked for.
    """

    image: UInt8[np.ndarray, "h w 3"]
    masks: dict[str, UInt8[np.ndarray, "h w"]] = field(default_factory=dict)
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    classes: dict[str, dict[str, float]] = field(default_factory=dict)
    boxes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    pictures: Mapping[str, UInt8[np.ndarray, "h w 3"]] = field(default_factory=dict)
    probabilities: dict[str, Float32[np.ndarray, "C h w"]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Short: the size and what was answered, not the pixels."""
        height, width = self.image.shape[:2]
        answers = {name: list(getattr(self, name)) for name in ("masks", "classes", "boxes", "pictures")}
        said = ", ".join(f"{name}={tasks}" for name, tasks in answers.items() if tasks)
        return f"Prediction({height} x {width} pixels{', ' if said else ''}{said})"


@torch.no_grad()
def predict(
    model: Model,
    photograph: str | Path | Image.Image | UInt8[np.ndarray, "h w 3"],
    *,
    exif: str = "auto",
    probabilities: bool = False,
) -> Prediction:
    """Ask a model about one photograph of any size.

    Args:
        model: what `load` gives.
        photograph: see `read_photograph`.
        exif: whether the EXIF orientation turns the photograph (``"apply"``, ``"ignore"``); ``"auto"`` does what was
            done to the photographs that the model was trained on.
        probabilities: also keep the probability of every mask class in every pixel, four bytes each.

    Raises:
        InputError: if the photograph cannot be read, see `read_photograph`.
    """
    image = read_photograph(photograph, model.vocabulary.exif if exif == "auto" else exif)
    place = fit(image.shape[:2], model.vocabulary.size, model.vocabulary.resize)
    tasks = _answering(model)
    batch = _batch(image, place, model).to(model.device)
    with model.autocast():
        outputs = model.network(model.tasks[model.recipe.target].view.look(batch), list(tasks))
    prediction = Prediction(image)
    pens: dict[str, Callable[[], Picture]] = {}
    for name, task in tasks.items():
        output = outputs[name].float().cpu()
        match task:
            case SegmentationTask():
                back = labels_back(output.softmax(1)[0].numpy(), place, probabilities=probabilities)
                prediction.masks[name] = back.mask
                named = dict(zip(task.class_names, back.scores, strict=True))
                prediction.scores[name] = {each: score for each, score in named.items() if score is not None}
                if back.probabilities is not None:
                    prediction.probabilities[name] = back.probabilities
            case ClassificationTask():
                values = output.softmax(1)[0].tolist()
                prediction.classes[name] = dict(zip(task.class_names, values, strict=True))
            case BoxTask():
                box = place.boxes_back(task.predict(output).numpy().astype(np.float64))[0]
                height, width = image.shape[:2]
                prediction.boxes[name] = tuple(np.clip(box, 0, [width, height, width, height]).tolist())
            case _ if isinstance(task.output, Dense):
                pens[name] = _pen(task, output, place, image)
            case _:
                pass
    return Prediction(**{**vars(prediction), "pictures": Drawings(pens)})


def _answering(model: Model) -> dict[str, Task]:
    """The tasks that say something of a photograph: those that see the target's picture and have learned of it."""
    view = model.tasks[model.recipe.target].view
    return {
        name: task
        for name, task in model.tasks.items()
        if task.view == view and name not in model.untrained and not isinstance(task, NoiseTask | RandomLabelsTask)
    }


def _pen(task: Task, output: Tensor, place: Fit, image: Picture) -> Callable[[], Picture]:
    y0, y1, x0, x1 = place.inside
    value = task.predict(output)[0][..., y0:y1, x0:x1]
    return lambda: task.draw(image, value, truth=False)


def _batch(image: UInt8[np.ndarray, "h w 3"], place: Fit, model: Model) -> Batch:
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
        classes={label: torch.tensor([MISSING]) for label in model.vocabulary.labels},
        inside=inside,
        keys=sample_keys(0, [0], [""]),
    )
