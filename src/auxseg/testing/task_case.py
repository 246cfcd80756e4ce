"""A task with data to ask it about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, final, runtime_checkable

import torch
from torch import Tensor

from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.tasks.task import Task, task_loss
from auxseg.testing.examples import erase, example_batch, example_output, taught
from auxseg.testing.require import require

NUM_IMAGES: Final = 7
ERASED: Final = torch.tensor([True, False, False, True, False, False, False])
"""Which images of a partly labelled batch have no label."""


@runtime_checkable
class TaskSettings(Protocol):
    """Settings that a task is built from."""

    def build(self, name: str, vocabulary: Vocabulary) -> Task:
        """Make the task."""
        ...


@final
@dataclass(frozen=True)
class TaskCase:
    """A task, a batch with every label, one in which `ERASED` images have none, and what a network could answer."""

    task: Task
    vocabulary: Vocabulary
    batch: Batch
    partly: Batch
    output: Tensor

    @classmethod
    def of(cls, task: Task, vocabulary: Vocabulary, seed: int = 0) -> TaskCase:
        """Make the data of random numbers."""
        batch = taught(example_batch(NUM_IMAGES, vocabulary, seed), task, seed)
        output = example_output(task, NUM_IMAGES, vocabulary.size, seed)
        return cls(task, vocabulary, batch, erase(batch, ERASED), output)

    def require(self, holds: object, rule: str) -> None:
        """Raise `AssertionError` for a rule that does not hold."""
        require(holds, f"{type(self.task).__name__} {self.task.name!r}", rule)

    def totals(self, target: Tensor) -> dict[str, float]:
        """What each loss term averages over, in all images."""
        return {term: count.sum().item() for term, count in self.task.counts(target).items()}

    def loss_and_gradient(self, output: Tensor, target: Tensor, totals: dict[str, float]) -> tuple[Tensor, Tensor]:
        """This batch's share of the mean loss, and what it adds to the gradient of the output."""
        leaf = output.clone().requires_grad_()
        loss = task_loss(self.task, leaf, target, totals)
        (gradient,) = torch.autograd.grad(loss, leaf, materialize_grads=True)
        return loss.detach(), gradient
