"""What the files of a run directory say, read once and asked many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import final

from auxseg.records.events import End, Evaluated, Events, Gradients, Resume, Start, Step, Validated, read_events
from auxseg.records.metrics import DataFacts, Metrics, read_metrics
from auxseg.records.pictures import Example, Inspection, read_examples, read_inspection
from auxseg.records.recipe import RecipeFile, read_recipe
from auxseg.records.table import PerImage, read_per_image

Figures = Mapping[str, Mapping[str, float | None]]
"""Figures of merit by task and name; the first figure of a task is the one it is judged by."""


@final
@dataclass(frozen=True)
class Record:
    """A run as its files tell it. Whatever has not been written yet is empty.

    Attributes:
        path: the run directory.
        recipe: recipe.yaml.
        events: events.jsonl.
        metrics: metrics.json, ``None`` before the first evaluation.
        table: per_image.csv.
        inspection: inspection.json, empty where there is nothing to inspect.
        examples: examples.json; it, the inspection and the table are empty without metrics.json, which says what they
            belong to.
    """

    path: Path
    recipe: RecipeFile
    events: Events = field(default_factory=Events)
    metrics: Metrics | None = None
    table: PerImage = field(default_factory=lambda: PerImage({}))
    examples: tuple[Example, ...] = ()
    inspection: Inspection = field(default_factory=Inspection)

    @cached_property
    def start(self) -> Start | None:
        """The event that began the training."""
        return self.events.start

    @cached_property
    def end(self) -> End | None:
        """The event that ended the training, ``None`` while it goes on."""
        return next(iter(self.events.of(End)), None)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every optimiser step."""
        return self.events.of(Step)

    @cached_property
    def validations(self) -> tuple[Validated, ...]:
        """Every validation."""
        return self.events.of(Validated)

    @cached_property
    def looks(self) -> tuple[Gradients, ...]:
        """Every comparison of the tasks' gradients."""
        return self.events.of(Gradients)

    @cached_property
    def evaluations(self) -> tuple[Evaluated, ...]:
        """Every reading of a split to evaluate the run."""
        return self.events.of(Evaluated)

    @cached_property
    def kept(self) -> Validated | None:
        """The validation of the model that is kept, ``None`` before there is one."""
        return self.events.kept

    @property
    def is_outdated(self) -> bool:
        """Whether the evaluation is of another model than the run now keeps."""
        return bool(self.metrics and self.kept and self.metrics.checkpoint_step != self.kept.step)

    @cached_property
    def data(self) -> DataFacts | None:
        """What the run was measured on, or trained on if it was not measured yet."""
        if self.metrics is not None:
            return self.metrics.data
        return self.start.data if self.start else None

    @cached_property
    def figures(self) -> Figures:
        """The figures as they were evaluated, else those of the kept model's validation."""
        measured = self.metrics.figures if self.metrics else {}
        return measured or (self.kept.figures if self.kept else {})

    @cached_property
    def num_planned(self) -> int | None:
        """How many steps the training is to take, as it was last asked to; ``None`` if that is not known."""
        return next((event.steps for event in reversed(self.events.whole) if isinstance(event, Start | Resume)), None)

    @cached_property
    def resumed_at(self) -> tuple[int, ...]:
        """The steps from which the training went on."""
        return tuple(event.step for event in self.events.of(Resume))

    @cached_property
    def steps_per_epoch(self) -> int:
        """Optimiser steps of an epoch, 1 if that is not known."""
        return max(self.start.steps_per_epoch, 1) if self.start else 1

    @property
    def target(self) -> str:
        """The name of the task that the run is judged by."""
        return self.recipe.target

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks that take part, the target first."""
        return self.recipe.tasks


def main_figure(figures: Figures, task: str) -> tuple[str, float | None] | None:
    """Name and value of the figure that a task is judged by: the first it names. ``None`` if it names none."""
    return next(iter(figures.get(task, {}).items()), None)


def read_record(path: Path) -> Record:
    """Read a run directory; raises InputError if it is none, or if a file in it cannot be understood."""
    recipe, events, metrics = read_recipe(path), read_events(path), read_metrics(path)
    if metrics is None:
        return Record(path, recipe, events)
    return Record(path, recipe, events, metrics, read_per_image(path), read_examples(path), read_inspection(path))
