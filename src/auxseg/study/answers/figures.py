"""What a study's runs reached on the test split, as their evaluations left it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

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


@final
@dataclass(frozen=True)
class RunFigures:
    """Reads the figures of a study's runs; ``target`` is the task by whose ``figure`` arms are judged."""

    study: StudyDirectory
    target: Task
    figure: str

    def per_image(self, planned: PlannedRun) -> Figure:
        """The judged figure by image. Raises `InputError` if the run was not evaluated by it."""
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

    def total(self, planned: PlannedRun, task: str) -> float | None:
        """A task's main figure over all images, of the target the judged one; ``None`` if there is none."""
        metrics = read_metrics(self.study.run_directory(planned))
        values = metrics.figures.get(task, {}) if metrics else {}
        return values.get(self.figure) if task == self.target.name else next(iter(values.values()), None)

    def reached(self, runs: Mapping[int, PlannedRun], task: Task) -> Reached:
        """The figure of `total` in the runs of an arm, by seed."""
        values = {str(seed): self.total(run, task.name) for seed, run in runs.items()}
        known = [value for value in values.values() if value is not None]
        name = self.figure if task.name == self.target.name else task.main_figure
        return Reached(name, values, statistics.fmean(known) if known else None)


def refuse_other_images(study: StudyDirectory, done: Sequence[PlannedRun]) -> None:
    """Raise `InputError` for runs that measured other images, or the same in another order: images are compared."""
    first = None
    for run in done:
        ids = read_per_image(study.run_directory(run)).ids
        first = first or (run, ids)
        if ids != first[1]:
            raise InputError(
                f"{study.run_directory(run)}: {PER_IMAGE_FILE} has other images than that of "
                f"{study.run_directory(first[0])}; evaluate both again"
            )


def _columns(run: Path) -> dict[str, np.ndarray]:
    return {name: np.array(values, dtype=float) for name, values in read_per_image(run).numbers.items()}
