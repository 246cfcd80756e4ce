"""What a study's runs reached on the test split, as their evaluations left it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, final

import numpy as np

from auxseg.errors import InputError
from auxseg.records.arm_result import Reached
from auxseg.records.metrics import read_metrics
from auxseg.records.names import PER_IMAGE_FILE
from auxseg.records.table import read_per_image
from auxseg.statistics.paired_differences import Figure, MeanFigure, RatioFigure
from auxseg.study.design.plan import PlannedRun
from auxseg.study.directory.directory import StudyDirectory
from auxseg.tasks import Task

Trained: TypeAlias = tuple[PlannedRun, ...]
"""The trainings of an arm and seed: one, or one for each fold in order."""


@final
@dataclass(frozen=True)
class RunFigures:
    """Reads the figures of a study's runs; ``target`` is the task by whose ``figure`` arms are judged."""

    study: StudyDirectory
    target: Task
    figure: str

    def per_image(self, trained: Trained) -> Figure:
        """The judged figure by image, those of one fold after the other.

        Raises `InputError` if a run was not evaluated by it.
        """
        return joined([self._per_image(planned) for planned in trained])

    def _per_image(self, planned: PlannedRun) -> Figure:
        run, name = self.study.run_directory(planned), self.target.name
        columns, made_of = _columns(run), self.target.figures_by_image()[self.figure]
        beginnings = (made_of,) if isinstance(made_of, str) else made_of
        found = [
            [values for column, values in columns.items() if f"{column}.".startswith(f"{name}.{beginning}.")]
            for beginning in beginnings
        ]
        if not all(found):
            raise InputError(f"{run / PER_IMAGE_FILE}: has no {' and '.join(beginnings)} of {name}; evaluate it again")
        if isinstance(made_of, str):
            return MeanFigure(found[0][0])
        parts, wholes = (np.stack(values, 1) for values in found)
        return RatioFigure(parts, wholes)

    def total(self, trained: Trained, task: str) -> float | None:
        """A task's main figure over all images, of the target the judged one; ``None`` if there is none.

        With folds the target's is that of the images of all folds together, and an auxiliary's the mean over folds.
        """
        if len(trained) > 1 and task == self.target.name:
            figure = self.per_image(trained)
            values = figure.per_image(figure.known())
            return float(values.mean()) if len(values) else None
        found = [self._total(planned, task) for planned in trained]
        known = [value for value in found if value is not None]
        return statistics.fmean(known) if known and len(known) == len(found) else None

    def _total(self, planned: PlannedRun, task: str) -> float | None:
        metrics = read_metrics(self.study.run_directory(planned))
        values = metrics.figures.get(task, {}) if metrics else {}
        return values.get(self.figure) if task == self.target.name else next(iter(values.values()), None)

    def reached(self, runs: Mapping[int, Trained], task: Task) -> Reached:
        """The figure of `total` in the runs of an arm, by seed."""
        values = {str(seed): self.total(trained, task.name) for seed, trained in runs.items()}
        known = [value for value in values.values() if value is not None]
        name = self.figure if task.name == self.target.name else task.main_figure
        return Reached(name, values, statistics.fmean(known) if known else None)


def joined(figures: Sequence[Figure]) -> Figure:
    """The figure over the images of all folds: of a mean its values, of a ratio its parts and wholes."""
    first = figures[0]
    if isinstance(first, MeanFigure):
        return MeanFigure(np.concatenate([each.values for each in figures if isinstance(each, MeanFigure)]))
    ratios = [each for each in figures if isinstance(each, RatioFigure)]
    return RatioFigure(
        np.concatenate([each.parts for each in ratios]), np.concatenate([each.wholes for each in ratios])
    )


def refuse_other_images(study: StudyDirectory, done: Sequence[PlannedRun]) -> None:
    """Raise `InputError` for runs that measured other images, or the same in another order: images are compared.

    The images of different folds have to be different ones.
    """
    first: dict[str | None, tuple[PlannedRun, Sequence[str]]] = {}
    for run in done:
        ids = read_per_image(study.run_directory(run)).ids
        held = first.setdefault(run.fold, (run, ids))
        if ids != held[1]:
            raise InputError(
                f"{study.run_directory(run)}: {PER_IMAGE_FILE} has other images than that of "
                f"{study.run_directory(held[0])}; evaluate both again"
            )
    seen = Counter(image for _, ids in first.values() for image in ids)
    twice = next((image for image, times in seen.items() if times > 1 and len(first) > 1), None)
    if twice is not None:
        raise InputError(f"{study.path}: {twice} was tested in two folds; evaluate the runs again")


def _columns(run: Path) -> dict[str, np.ndarray]:
    return {name: np.array(values, dtype=float) for name, values in read_per_image(run).numbers.items()}
