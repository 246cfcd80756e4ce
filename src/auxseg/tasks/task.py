"""The protocol of a task: everything that is asked of the network under one name.

Shape legend: ``N`` images of a batch, ``C`` channels of an output or a picture, ``H W`` the stored size.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from auxseg.data.geometry import Fit, fit
from auxseg.data.loading.batch import Batch
from auxseg.records.values.size import Size, SizeLike
from auxseg.tasks.answers import Answer, map_answer, vector_answer

Table = dict[str, Tensor]
"""Measurements of many images: every tensor's first axis counts images. Tables of batches are concatenated."""


@dataclass(frozen=True)
class Dense:
    """The task needs a map with this many channels at the input's resolution."""

    channels: int


@dataclass(frozen=True)
class Vector:
    """The task needs this many numbers per image, read from the coarsest features.

    ``grid`` is the side of the pooled map that the head sees (1 forgets where things are); ``hidden`` is the width
    of a hidden layer, 0 for none.
    """

    size: int
    grid: int = 1
    hidden: int = 0
    dropout: float = 0.0


@dataclass(frozen=True)
class Of:
    """The task has no head of its own: it reads the output of another task, for its own view of the picture.

    ``form`` is what that output has to be, ``task`` the name of the other task, the target unless told. Gradients of
    both losses then reach one head.
    """

    form: Dense | Vector
    task: str | None = None


@dataclass(frozen=True)
class SideOutputs:
    """The task needs maps from coarser steps of another task's decoder, by a 1x1 convolution of its own at each.

    The steps are those before the last one, fine to coarse, at most ``num`` of them: a short decoder has fewer. Each
    map is enlarged to the input's resolution and has the channels of ``form``, which the other task's own output must
    have too. The maps are joined along the channels. ``task`` is the name of the other task, the target unless told.
    Gradients of both losses then reach one decoder.
    """

    form: Dense
    num: int
    task: str | None = None


Output = Dense | Vector | Of | SideOutputs


def form(output: Output) -> Dense | Vector:
    """What a task is given: the output that it asks for, or that of the task whose output it reads.

    Of side outputs these are all that it asks for, though a short decoder has fewer.
    """
    if isinstance(output, SideOutputs):
        return Dense(output.num * output.form.channels)
    return output.form if isinstance(output, Of) else output


ViewChoice = Literal["own", "shared"]
"""Whether a picture that a task changes is seen by this task alone, or by all tasks of the recipe."""


@dataclass(frozen=True)
class View:
    """A picture that tasks look at: its name, and how it is made of a batch. Views of one name are one view."""

    name: str
    look: Callable[[Batch], Float[Tensor, "N C H W"]] = field(compare=False)


def _photograph(batch: Batch) -> Float[Tensor, "N C H W"]:
    return batch.image


IMAGE: Final = View("image", _photograph)
"""The photograph as augmented: what tasks look at unless they say otherwise."""


class Task(ABC):
    """One thing asked of the network. Says its view, target, output, loss, figures of merit, drawing and answer.

    A built task is not changed: as part of a recipe it is a copy (`in_recipe`).

    Attributes:
        name: the key in the recipe, unique in a run.
        output: what the network must give, or whose output is read.
        view: which picture the task looks at; tasks with one view share a forward pass.
        shares_view: whether every other task of the recipe is to look at this task's picture.
        is_target: whether this is the task that the others are there to help; its view keeps the running statistics.
        mirrors: whether an image with left and right exchanged, and its labels too, is as good a sample. False where
            left and right mean something; mirrored scoring then refuses the task as the target.
        own_row: whether it is drawn beside the other tasks' drawings, because it would cover them.
        has_answer: whether what it says of a photograph means anything. Controls say nothing, nor do tasks that are
            asked about a picture that was changed by lot.
        measures_masks: whether it answers with ids of the data's mask classes that `measure_mask` can compare.
        in_parts: whether its map of a part of a picture means what that part of its map of the whole means. False where
            it counts in sides of the picture, or by what may lie beyond a part; it is then not trained on windows and
            not asked by tiles.
        writes_numbers: whether the numbers of a map or vector stand in predictions.json.
        needs_teacher: whether its target is made of what the moving average of the weights predicts (`Batch.teacher`,
            without gradient, by the head whose output the task gets, of the picture that this head's own task sees).
            Where a model is measured, it is its own teacher.
        teacher_decay: the decay of the teacher's average; ``None`` takes the one that is validated, if there is one.
        ramp: over which share of a phase's steps the task's loss grows linearly to its full weight, 0 for none.
        layers: names of the layers that it reads (`Batch.layers`); others may not be loaded.
        assumption: what the task takes for granted of its data, as a clause, see `fits`; empty for nothing.
        weights: weight of each loss term; the keys are those of `loss` and `counts`.
        main_figure: the figure by which checkpoints are chosen if this is the target.
        higher_is_better: whether a larger `main_figure` is better.
        row_figure: the column of `rows` that ranks single images if this is the target.
        mean_figure: the column of `rows` whose mean over images is `main_figure`, empty if there is none.
        ratio_figure: the beginnings of the columns of which `main_figure` is the ratio of totals, empty if of none.
    """

    name: str
    output: Output
    view: View = IMAGE
    shares_view: bool = False
    is_target: bool = False
    mirrors: bool = True
    own_row: bool = False
    has_answer: bool = True
    measures_masks: bool = False
    in_parts: bool = True
    writes_numbers: bool = True
    needs_teacher: bool = False
    teacher_decay: float | None = None
    ramp: float = 0.0
    layers: frozenset[str] = frozenset()
    assumption: str = ""
    weights: Mapping[str, float]
    main_figure: str
    higher_is_better: bool = True
    row_figure: str
    mean_figure: str = ""
    ratio_figure: tuple[str, str] | tuple[()] = ()

    @abstractmethod
    def target(self, batch: Batch) -> Tensor:
        """Make the target from the batch's labels or pictures; the first axis counts images."""

    @abstractmethod
    def counts(self, target: Tensor) -> dict[str, Float[Tensor, " N"]]:
        """How many things (pixels, images) each loss term averages over, per image; 0 where the label is missing."""

    @abstractmethod
    def loss(self, output: Tensor, target: Tensor) -> dict[str, Float[Tensor, " N"]]:
        """Sum of each loss term per image, exactly 0 (with zero gradient) where the label is missing."""

    @abstractmethod
    def measure(self, output: Tensor, target: Tensor) -> Table:
        """Per-image measurements that add up to figures; includes what marks a missing label."""

    @abstractmethod
    def figures(self, table: Table) -> dict[str, float]:
        """Figures of merit over all images of a table; NaN where nothing was labelled."""

    @abstractmethod
    def rows(self, table: Table) -> dict[str, list[Any]]:
        """Columns of per_image.csv: one value per image, ``None`` where the label is missing."""

    def figures_by_image(self) -> dict[str, str | tuple[str, str]]:
        """The shares among `figures` that `rows` gives image by image, by which a study can judge; the main one first.

        By name: the column whose mean over the images is the figure, or the beginnings of the columns of whose totals
        it is the ratio. All of them get better in the same direction as `main_figure`.
        """
        main = self.ratio_figure or self.mean_figure
        return {self.main_figure: main} if main else {}

    @abstractmethod
    def explain(self) -> dict[str, str]:
        """One sentence for each name in `figures`, for the report."""

    @abstractmethod
    def predict(self, output: Tensor) -> Tensor:
        """The network's raw output as a prediction in the form of the target (ids, boxes, maps).

        A dense target may hold more channels than are predicted, after these: what its figures need besides.
        """

    @abstractmethod
    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Draw one image's prediction or target (as `predict` and `target` give it) onto an RGB uint8 picture."""

    def answer(self, output: Float[Tensor, "*_"], place: Fit) -> Answer:
        """What the task says of one photograph, in the photograph's own coordinates.

        By default the map, or the numbers as `predict` gives them. A task whose numbers are places in the picture moves
        them to pixels of the photograph (`Fit.boxes_back`).

        Args:
            output: the network's raw output for the photograph, without the axis of images: float32, on the CPU.
            place: where the photograph lies in the stored picture, and how large it is itself.
        """
        predicted, draw = self.predict(output[None])[0], partial(self.draw, truth=False)
        if isinstance(form(self.output), Dense):
            return map_answer(predicted, place, draw, writes_numbers=self.writes_numbers)
        drawn = "alone" if self.own_row else "overlay"
        return vector_answer(predicted, partial(draw, value=predicted), drawn=drawn, writes_numbers=self.writes_numbers)

    def measure_mask(self, predicted: UInt8[np.ndarray, "h w"], true: UInt8[np.ndarray, "h w"]) -> Table:
        """The row that `measure` gives of one image, from masks at the image's own size; see `measures_masks`.

        Args:
            predicted: the mask of the task's `answer`.
            true: ids of the data's mask classes, `IGNORE` where a pixel counts for nothing.
        """
        raise NotImplementedError(f"{self.name} measures no masks")

    def mirrored_back(self, output: Float[Tensor, "N ..."]) -> Float[Tensor, "N ..."]:
        """The raw output for mirror images as one for the images themselves; not asked of a task without `mirrors`.

        By default maps are mirrored, and vectors are as good for the one as for the other. A task whose numbers know
        left from right (places, arrows) changes these too.
        """
        return output.flip(-1) if isinstance(form(self.output), Dense) else output

    def fits(self, batch: Batch) -> Sequence[bool | None]:
        """Whether the labels of each image fit what the task takes for granted; ``None`` where nothing tells.

        Data in which most of those that can be told do not fit are refused, with the sentence `assumption`.
        """
        return [None] * len(batch)

    def in_recipe(self, *, is_target: bool, view: View) -> Task:
        """A copy of this task that knows its place in a recipe: whether it is the target, and what it looks at."""
        part = copy.copy(self)
        part.is_target, part.view = is_target, view
        return part

    def tables(self, table: Table) -> dict[str, tuple[Sequence[str], np.ndarray]]:
        """Square tables for the report, such as a confusion matrix: name -> (class names, counts)."""
        return {}

    def classes(self, table: Table) -> dict[str, dict[str, float]]:
        """Figures of single classes over all images, by class and name; NaN where a class has none."""
        return {}


def blank_answer(task: Task, size: SizeLike) -> Answer:
    """What a task answers about nothing: says which kinds of answer it gives before a photograph is seen.

    ``size`` is the stored one.
    """
    asked = form(task.output)
    shape = (asked.channels, *Size.of(size)) if isinstance(asked, Dense) else (asked.size,)
    return task.answer(torch.zeros(shape), fit((1, 1), size, "squash"))


def layers_read(tasks: Iterable[Task]) -> frozenset[str]:
    """Names of the layers that any of the tasks reads."""
    return frozenset().union(*(task.layers for task in tasks))


def task_loss(task: Task, output: Tensor, target: Tensor, totals: Mapping[str, float]) -> Tensor:
    """This batch's share of the task's mean loss over all that ``totals`` counts.

    ``sum_t w_t * sum_n loss[t][n] / totals[t]`` over the terms t and images n. Because the totals belong to the whole
    optimiser step (all micro-batches, all processes), shares and their gradients simply add. A term nobody has a
    label for gives exactly zero.
    """
    terms = task.loss(output, target)
    shares = [task.weights[name] * (value.sum() / max(totals[name], 1.0)) for name, value in terms.items()]
    return sum(shares[1:], start=shares[0])
