"""Tasks that break a rule are caught, each by the rule's own sentence."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
import pytest
import torch

from auxseg.data.geometry import fit
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.tasks import BoxConfig, ClassificationConfig, DistanceConfig, SegmentationConfig, Task, View
from auxseg.testing import check_task
from auxseg.testing.task_case import TaskSettings

Changed = Callable[..., Any]
BOX, CLASS, DISTANCE = BoxConfig(), ClassificationConfig(), DistanceConfig()
MASK = SegmentationConfig(losses={"cross_entropy": 1.0})


@final
@dataclass(frozen=True)
class Broken:
    """A task of ours with another attribute, or another method, which is given ours and its arguments."""

    settings: TaskSettings
    name: str
    other: Any

    def build(self, name: str, vocabulary: Vocabulary) -> Task:
        task = self.settings.build(name, vocabulary)
        if not callable(self.other):
            setattr(task, self.name, self.other)
            return task
        ours, other = getattr(type(task), self.name), self.other
        method = {self.name: lambda self, *given, **named: other(ours, self, *given, **named)}
        task.__class__ = type("Broken", (type(task),), method)
        return task


def each(make: Callable[[Any, Any, Any], Any]) -> Changed:
    """A method whose values are made of ours: of loss (value, output, target) or of what is named."""
    return lambda ours, *given, **named: {
        name: make(value, *given[1:3]) for name, value in ours(*given, **named).items()
    }


def answering(**fields: Callable[[Any], Any]) -> Changed:
    """An answer of which some fields are made of ours."""
    return lambda ours, *given: (
        lambda answer: replace(answer, **{name: make(answer) for name, make in fields.items()})
    )(ours(*given))


def known(target: torch.Tensor) -> torch.Tensor:
    return ~target.isnan().any(1)


def still(output: torch.Tensor) -> torch.Tensor:
    """Zero, with a gradient."""
    return (output - output.detach()).sum(1)


def _mirrored(batch: Batch) -> bool:
    """Whether a batch was mirrored, once or twice: its pictures are no longer one tensor."""
    return batch.image is not batch.clean


LOSSES = {
    "loss and counts give one number per image": (BOX, "loss", each(lambda value, *_: value.sum()[None])),
    "loss, counts and weights name the same terms": (
        BOX,
        "counts",
        lambda ours, task, target: {**ours(task, target), "other": torch.ones(len(target))},
    ),
    "an image with every label counts": (
        BOX,
        "counts",
        lambda ours, task, target: {name: count * 0 for name, count in ours(task, target).items()},
    ),
    "the same batch gives the same target": (BOX, "target", lambda ours, *given: ours(*given) + random.random()),
    "the same batch gives the same picture to look at": (
        BOX,
        "view",
        View("mine", lambda batch: torch.rand_like(batch.image)),
    ),
    "the picture to look at has the size of the stored picture": (
        BOX,
        "view",
        View("mine", lambda batch: batch.image[..., :4]),
    ),
    "the batch is left as it is": (
        BOX,
        "target",
        lambda ours, task, batch: (batch.image.add_(1), ours(task, batch))[1],
    ),
    "mirror images have targets of the same form": (
        BOX,
        "target",
        lambda ours, task, batch: ours(task, batch).to(torch.float64 if _mirrored(batch) else torch.float32),
    ),
    "the mirror image of an image with every label counts": (
        BOX,
        "counts",
        lambda ours, task, target: {name: count * (target[:, 0] < 0.5) for name, count in ours(task, target).items()},
    ),
    "images that are mirrored twice have the same targets again": (
        BOX,
        "target",
        lambda ours, task, batch: ours(task, batch) + _mirrored(batch),
    ),
    "a missing label counts as 0": (
        BOX,
        "counts",
        lambda ours, task, target: {name: torch.ones_like(count) for name, count in ours(task, target).items()},
    ),
    "a missing label adds exactly 0 to a loss": (BOX, "loss", each(lambda value, output, _: value + output.sum(1))),
    "a missing label adds exactly 0 to the gradient": (
        BOX,
        "loss",
        each(lambda value, output, _: value + still(output)),
    ),
    "a label moves the output of its own image": (BOX, "loss", each(lambda value, *_: value * 0)),
    "a batch without any label has the loss 0 and no gradient": (
        BOX,
        "loss",
        each(lambda value, output, target: value + float(target.isnan().all())),
    ),
    "the losses of a batch's parts add up to that of the batch": (
        BOX,
        "loss",
        each(lambda value, output, _: value / len(output)),
    ),
    "the gradients of a batch's parts are those of the batch": (
        BOX,
        "loss",
        each(lambda value, output, target: value + still(output) * known(target) * len(output)),
    ),
    "the loss 'cross_entropy' is a sum over what counts says that it averages over": (
        MASK,
        "loss",
        each(lambda value, output, target: value / target[0].numel()),
    ),
    "losses of bfloat16 outputs are float32": (BOX, "loss", each(lambda value, output, _: value.to(output.dtype))),
    "losses and gradients are finite": (
        BOX,
        "loss",
        each(lambda value, output, _: value * (math.inf if output.dtype == torch.bfloat16 else 1)),
    ),
}

FIGURES = {
    "predict gives what has the form of the target": (BOX, "predict", lambda ours, *given: ours(*given).double()),
    "measure gives one value per image": (BOX, "measure", each(lambda value, *_: value[:1])),
    "rows give one value per image": (BOX, "rows", each(lambda value, *_: value[:1])),
    "main_figure is one of the figures": (BOX, "main_figure", "iuo"),
    "explain has a sentence for each figure and no other": (BOX, "explain", lambda *_: {}),
    "figures are floats": (BOX, "figures", each(lambda value, *_: np.float32(value))),
    "row_figure is a column of rows with a float for every image with every label": (BOX, "row_figure", "iuo"),
    "tables have a row and a column for every name": (
        CLASS,
        "tables",
        lambda *_: {"confusion": (("cat",), np.zeros((2, 2)))},
    ),
    "a main figure is a mean or a ratio, not both": (BOX, "ratio_figure", ("intersection", "union")),
    "the figure iou is the mean of the column iou": (BOX, "figures", each(lambda value, *_: value / 2)),
    "main_figure is the first by image": (MASK, "figures_by_image", lambda *_: {"dice_image": "dice"}),
    "the figure iou_dataset is the ratio of the totals of the columns intersection and union": (
        MASK,
        "figures",
        each(lambda value, *_: value / 2),
    ),
    "a missing label is in no figure": (
        BOX,
        "measure",
        lambda ours, *given: {**ours(*given), "labelled": torch.ones(len(given[1]), dtype=torch.bool)},
    ),
    "rows have None where the label is missing": (
        BOX,
        "rows",
        each(lambda column, *_: [0.0 if value is None else value for value in column]),
    ),
    "the figure 'iou' is NaN where nothing is labelled": (
        BOX,
        "figures",
        each(lambda value, *_: 0.0 if math.isnan(value) else value),
    ),
    "figures depend on neither order nor cutting": (
        BOX,
        "figures",
        lambda ours, task, table: {
            **ours(task, table),
            "mse_pixels": float([*table["mse_pixels"][table["labelled"]].tolist(), math.nan][0]),
        },
    ),
    "a drawing has the picture's size": (BOX, "draw", lambda ours, task, picture, *_, **__: picture[:10]),
    "a drawing shows something": (BOX, "draw", lambda ours, task, picture, *_, **__: picture),
    "of a missing label nothing is drawn": (BOX, "draw", lambda ours, task, picture, *_, **__: picture // 2),
    "drawing leaves the picture that it is given as it is": (
        BOX,
        "draw",
        lambda ours, task, picture, value, **__: (
            np.full_like(picture, 128) if value is None or value.isnan().any() else np.subtract(picture, 9, out=picture)
        ),
    ),
}

ANSWERS = {
    "an answer says something": (BOX, "answer", answering(box=lambda _: None)),
    "a mask or map has the size of the photograph": (MASK, "answer", answering(mask=lambda answer: answer.mask[::2])),
    "a box lies in the photograph, in its pixels": (
        BOX,
        "answer",
        answering(box=lambda answer: (*answer.box[:2], 500.0, 500.0)),
    ),
    "measure_mask gives the row that measure gives of the same mask": (
        MASK,
        "measure_mask",
        each(lambda value, *_: value + 1),
    ),
    "a task that measures masks answers with a mask": (
        DISTANCE,
        "measures_masks",
        True,
    ),
    "a box is moved with the photograph's place in the store": (
        BOX,
        "answer",
        answering(box=lambda answer: tuple(side / 34 for side in answer.box)),
    ),
    "what the network says of the padding is no part of an answer": (
        DISTANCE,
        "answer",
        lambda ours, task, output, place: ours(task, output, fit(place.original, place.size, "squash")),
    ),
    "a mask holds ids and names of the data's mask classes": (
        MASK,
        "answer",
        answering(scores=lambda _: {"nobody": 0.5}),
    ),
    "scores are those of the classes in the mask": (
        MASK,
        "answer",
        answering(scores=lambda answer: dict([*answer.scores.items()][:1])),
    ),
    "probabilities of a pixel add up to 1": (
        MASK,
        "answer",
        answering(probabilities=lambda answer: lambda: answer.probabilities() * 2),
    ),
    "probabilities of classes add up to 1": (CLASS, "answer", answering(classes=lambda _: {"cat": 3.0})),
    "a record holds values of JSON, without NaN and infinity": (
        BOX,
        "answer",
        answering(record=lambda _: {"x": math.nan}),
    ),
    "the same output gives the same answer": (BOX, "answer", answering(record=lambda _: {"x": random.random()})),
    "a task gives the same kinds of answer for every photograph": (
        BOX,
        "answer",
        lambda ours, task, output, place: replace(
            ours(task, output, place), vector=(1.0,) if place.original == (1, 1) else None
        ),
    ),
    "the drawing of an answer has the photograph's size": (
        BOX,
        "answer",
        answering(draw=lambda _: lambda photograph: photograph[:3]),
    ),
    "drawing an answer leaves the photograph as it is": (
        BOX,
        "answer",
        answering(draw=lambda _: lambda photograph: np.subtract(photograph, 9, out=photograph)),
    ),
}


@pytest.mark.parametrize("rule", [*LOSSES, *FIGURES, *ANSWERS])
def test_a_broken_task_is_caught(rule: str) -> None:
    settings, name, other = {**LOSSES, **FIGURES, **ANSWERS}[rule]
    with pytest.raises(AssertionError, match=rf"^\w+ 'mine': {re.escape(rule)}"):
        check_task(Broken(settings, name, other), name="mine")


def test_random_numbers_are_left_as_they_are() -> None:
    before = torch.get_rng_state()
    check_task(BOX)
    assert torch.equal(torch.get_rng_state(), before)
