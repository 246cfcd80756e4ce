"""The teacher: the moving average of the weights, whose predictions tasks may learn from.

Tarvainen, Valpola, "Mean teachers are better role models: Weight-averaged consistency targets improve semi-supervised
deep learning results", NeurIPS 2017, https://arxiv.org/abs/1703.01780. The average is that which is validated
(``training.average``) unless tasks ask for another decay, or there is none; then one is kept for them alone.

Departure: the teacher is in evaluation. It is normalised by the averaged statistics and drops nothing, so that what it
says of a picture depends neither on the other pictures of a micro-batch nor on random numbers.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Final, final

import torch

from auxseg.data.loading.batch import Batch
from auxseg.errors import InputError
from auxseg.models.forward import forward, with_teacher
from auxseg.models.network import Network
from auxseg.tasks import Task
from auxseg.training.average import WeightAverage

DECAY: Final = 0.99
"""That of the teacher's average where neither a task nor ``training.average`` says one."""


def teacher_decay(tasks: Iterable[Task], validated: float) -> float | None:
    """The decay of the average that tasks learn from, ``None`` if none of them does.

    ``validated`` is the decay of the average that is validated, 0 for none. Raises `InputError` for tasks that ask for
    different ones.
    """
    asking = [task for task in tasks if task.needs_teacher]
    decays = {task.name: task.teacher_decay or validated or DECAY for task in asking}
    if len(set(decays.values())) > 1:
        found = ", ".join(f"{decay:g} for {name}" for name, decay in decays.items())
        raise InputError(f"tasks: all tasks learn from one teacher, expected one decay of its average, found {found}")
    return next(iter(decays.values()), None)


@final
class Teacher:
    """A copy of the network that holds averaged weights."""

    def __init__(self, network: Network, tasks: Mapping[str, Task], average: WeightAverage) -> None:
        self.average = average
        self._tasks = tasks
        self._network = copy.deepcopy(network).eval().requires_grad_(False)
        average.keep_in(self._network)

    @torch.no_grad()
    def teach(
        self, tasks: Mapping[str, Task], batch: Batch, autocast: Callable[[], AbstractContextManager[object]]
    ) -> Batch:
        """The batch with what the teacher says to those of ``tasks`` that ask; every head is computed once."""
        heads = [self._network.head_of(name) for name, task in tasks.items() if task.needs_teacher]
        if not heads:
            return batch
        with autocast():
            outputs = forward(self._network, {head: self._tasks[head] for head in heads}, batch)
        return with_teacher(self._network, tasks, batch, outputs)
