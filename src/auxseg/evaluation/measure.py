"""From a network and batches to measurements per image; knows no run and no file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from auxseg.data.loading.batch import Batch
from auxseg.evaluation.averaging import TTA, outputs_of
from auxseg.evaluation.tiling import Tiles
from auxseg.models.forward import with_teacher
from auxseg.models.network import Network
from auxseg.tasks import Table, Task

Autocast = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Measured:
    """What is known of some images: a table per task, and the sums behind the mean loss of every loss term.

    ``sums[task][term]`` holds the term's total and what it is divided by. Both add up over images, so `merge` of any
    parts gives the same as measuring all at once.
    """

    ids: tuple[str, ...]
    tables: Mapping[str, Table]
    sums: Mapping[str, Mapping[str, Tensor]]

    def losses(self, tasks: Mapping[str, Task]) -> dict[str, float]:
        """Mean loss per task, without the terms that nothing was labelled for; NaN where that holds for all.

        Masks of nothing but background have a cross-entropy, say, and no Dice loss.
        """
        return {name: _mean_loss(task, self.sums[name]) for name, task in tasks.items()}


def _mean_loss(task: Task, sums: Mapping[str, Tensor]) -> float:
    known = [task.weights[term] * value[0] / value[1] for term, value in sums.items() if value[1] > 0]
    return float(sum(known)) if known else math.nan


def join(tables: Sequence[Table]) -> Table:
    """The rows of several tables of one task, at least one, in one."""
    return {column: torch.cat([table[column] for table in tables]) for column in tables[0]}


def merge(parts: Iterable[Measured]) -> Measured:
    """Join measurements of different images."""
    parts = list(parts)
    tables = {task: join([part.tables[task] for part in parts]) for task in parts[0].tables}
    sums = {
        task: {term: torch.stack([part.sums[task][term] for part in parts]).sum(0) for term in terms}
        for task, terms in parts[0].sums.items()
    }
    return Measured(tuple(id_ for part in parts for id_ in part.ids), tables, sums)


@final
@dataclass(frozen=True)
class Asked:
    """A network, and how it is asked: where it is, in which precision, over what its outputs are averaged, which tiles.

    Without ``tiles`` it is asked about whole images.
    """

    network: Network
    device: torch.device
    autocast: Autocast
    tta: TTA = "none"
    tiles: Tiles | None = None

    def outputs(self, tasks: Mapping[str, Task], batch: Batch) -> dict[str, Tensor]:
        """What it says of the images of a batch, for these tasks."""
        with self.autocast():
            return outputs_of(self.network, tasks, batch, self.tta, self.tiles)


@torch.no_grad()
def measure(asked: Asked, tasks: Mapping[str, Task], batches: Iterable[Batch]) -> Measured:
    """Measure every task on all images. The network is put into evaluation mode and back."""
    with evaluating(asked.network):
        return merge(measure_batch(asked, tasks, batch.to(asked.device)) for batch in batches)


@contextmanager
def evaluating(network: Network) -> Iterator[None]:
    """Put a network into evaluation mode, and back at the end."""
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)


def measure_batch(asked: Asked, tasks: Mapping[str, Task], batch: Batch) -> Measured:
    """Measure some tasks on the images of a batch, with a network in evaluation mode."""
    return measure_outputs(asked.network, tasks, batch, asked.outputs(tasks, batch))


def measure_outputs(
    network: Network, tasks: Mapping[str, Task], batch: Batch, outputs: Mapping[str, Tensor]
) -> Measured:
    """Measure some tasks by what a network said of the images of a batch."""
    batch = with_teacher(network, tasks, batch, outputs)
    tables: dict[str, Table] = {}
    sums: dict[str, dict[str, Tensor]] = {}
    for name, task in tasks.items():
        target, output = task.target(batch), outputs[name].float()
        tables[name] = {column: value.cpu() for column, value in task.measure(output, target).items()}
        counts = task.counts(target)
        sums[name] = {
            term: torch.stack([value.sum().double(), counts[term].sum().double()]).cpu()
            for term, value in task.loss(output, target).items()
        }
    return Measured(batch.ids, tables, sums)
