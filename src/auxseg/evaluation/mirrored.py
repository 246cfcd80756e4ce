"""Mirrored scoring: an image counts by the mean of what is measured of it and of its mirror image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch

from auxseg.data.augment import mirror
from auxseg.data.loading.batch import Batch
from auxseg.evaluation.measure import Asked, Measured, evaluating, measure_batch, merge
from auxseg.records.table import Cell
from auxseg.tasks import Task


@final
@dataclass(frozen=True)
class Scored:
    """What was measured of some images and, with mirrored scoring, of their mirror images.

    Attributes:
        images: the images as they are, by all tasks.
        mirrors: the same images mirrored, in the same order, without the tasks for which left and right mean something
            (`Task.mirrors`): these score the images as they are. ``None`` without mirrored scoring.
    """

    images: Measured
    mirrors: Measured | None = None

    @cached_property
    def both(self) -> Measured:
        """All that was measured, put together: every image counts twice where it was mirrored."""
        if self.mirrors is None:
            return self.images
        joined = merge([self.mirrors, self.images])  # by the tasks of the first
        return Measured(joined.ids, {**self.images.tables, **joined.tables}, {**self.images.sums, **joined.sums})

    def figures(self, task: Task) -> dict[str, float]:
        """Figures of merit from the totals of both, except that counts (``num_...``) are those of the images."""
        counts = task.figures(self.images.tables[task.name])
        figures = task.figures(self.both.tables[task.name])
        return {name: counts[name] if name.startswith("num_") else value for name, value in figures.items()}

    def rows(self, task: Task) -> dict[str, list[Cell]]:
        """Columns of per_image.csv with one value per image: the mean of both, or the one that is known.

        Of texts, that of the image as it is.
        """
        rows: dict[str, list[Cell]] = task.rows(self.images.tables[task.name])
        if self.mirrors is None or task.name not in self.mirrors.tables:
            return rows
        mirrored = task.rows(self.mirrors.tables[task.name])
        return {name: list(map(_mean, cells, mirrored[name])) for name, cells in rows.items()}


def mirroring(tasks: Mapping[str, Task]) -> dict[str, Task]:
    """The tasks that are measured on mirror images too."""
    return {name: task for name, task in tasks.items() if task.mirrors}


@torch.no_grad()
def measure_mirrored(asked: Asked, tasks: Mapping[str, Task], batches: Iterable[Batch]) -> Scored:
    """Measure every task on all images and on their mirror images, as `measure` does, reading each batch once.

    What a task draws at random for a sample, it draws alike for its mirror image. At least one task must have
    `Task.mirrors`.
    """
    images, mirrors, twice = [], [], mirroring(tasks)
    with evaluating(asked.network):
        for batch in (each.to(asked.device) for each in batches):
            images.append(measure_batch(asked, tasks, batch))
            mirrors.append(measure_batch(asked, twice, mirror(batch)))
    return Scored(merge(images), merge(mirrors))


def _mean(cell: Cell, mirrored: Cell) -> Cell:
    if cell is None or cell != cell:
        return mirrored
    if isinstance(cell, str) or not isinstance(mirrored, int | float) or mirrored != mirrored:
        return cell
    return (cell + mirrored) / 2
