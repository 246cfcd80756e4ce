"""Balancers that break a rule are caught, each by the rule's own sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import pytest
import torch
from torch import Tensor

from auxseg.balancing import Balancer, Reduce, Step
from auxseg.testing import check_balancer


class Sum(Balancer):
    """Adds the losses up; keeps the contract."""

    def __init__(self, tasks: Sequence[str], target: str) -> None:
        super().__init__()
        self.tasks, self.target = list(tasks), target

    def begin_epoch(self, epoch: int) -> None: ...

    def begin_step(self, step: Step) -> None:
        self.labelled, self.parameters_of_step = step.labelled, step.parameters
        self.sums: dict[int, Tensor] = {}

    def backward(self, losses: Mapping[str, Tensor]) -> None:
        total = [losses[task].float() * self.weight(task) for task in self.counted(losses)]
        if not total:
            return
        gradients = torch.autograd.grad(torch.stack(total).sum(), list(self.parameters_of_step), allow_unused=True)
        for place, gradient in enumerate(gradients):
            if gradient is not None:
                self.sums[place] = self.sums[place] + gradient if place in self.sums else gradient

    def finish(self, losses: Mapping[str, float], reduce: Reduce) -> dict[str, float]:
        for place, gradient in self.sums.items():
            self.parameters_of_step[place].grad = gradient
        return {task: self.weight(task) for task in losses}

    def counted(self, losses: Mapping[str, Tensor]) -> list[str]:
        return [task for task in losses if task in self.labelled]

    def weight(self, task: str) -> float:
        return 1.0


class ForgetsATask(Sum):
    def counted(self, losses: Mapping[str, Tensor]) -> list[str]:
        return [task for task in super().counted(losses) if task != "box"]


class NamesEveryTask(Sum):
    def finish(self, losses: Mapping[str, float], reduce: Reduce) -> dict[str, float]:
        return dict.fromkeys(self.tasks, 1.0) | super().finish(losses, reduce)


class MovesTasksWithoutLabel(Sum):
    """Zeros are no absence: momentum goes on."""

    def counted(self, losses: Mapping[str, Tensor]) -> list[str]:
        return list(losses)


class MovesWithoutAnyLabel(Sum):
    def counted(self, losses: Mapping[str, Tensor]) -> list[str]:
        return super().counted(losses) or ["mask"]


class GivesNoNumbers(Sum):
    def weight(self, task: str) -> float:
        return float("nan")


class LearnsMoreFromTheFirst(Sum):
    """Its weights do not tell."""

    def backward(self, losses: Mapping[str, Tensor]) -> None:
        super().backward({task: loss * (1 + (task == self.tasks[0])) for task, loss in losses.items()})


class WeighsByParts(Sum):
    num_parts = 1

    def begin_step(self, step: Step) -> None:
        super().begin_step(step)
        self.num_parts = step.num_parts

    def weight(self, task: str) -> float:
        return 1.0 if task == self.target else 1 / self.num_parts


class TurnsAround(Sum):
    def weight(self, task: str) -> float:
        return 1.0 if len(self.tasks) > 1 else -1.0


class OverflowsInHalfPrecision(Sum):
    def backward(self, losses: Mapping[str, Tensor]) -> None:
        super().backward({task: loss * (1e39 if loss.dtype == torch.bfloat16 else 1) for task, loss in losses.items()})


class PrefersTheFirst(Sum):
    def weight(self, task: str) -> float:
        return 2.0 if task == self.tasks[0] else 1.0


class KeepsTheLastPart(Sum):
    def backward(self, losses: Mapping[str, Tensor]) -> None:
        self.sums = {}
        super().backward(losses)


class ForgetsItsState(Sum):
    steps = 0

    def begin_step(self, step: Step) -> None:
        super().begin_step(step)
        self.steps += 1

    def weight(self, task: str) -> float:
        return 1.0 if task == self.target else 1 / self.steps


class SavesWhatItGoesOnWith(Sum):
    def __init__(self, tasks: Sequence[str], target: str) -> None:
        super().__init__(tasks, target)
        self.seen: list[int] = []

    def begin_step(self, step: Step) -> None:
        super().begin_step(step)
        self.seen.append(step.number)

    def get_extra_state(self) -> Any:
        return {"seen": self.seen}

    def set_extra_state(self, state: Any) -> None:
        self.seen = list(state["seen"])


class LearnsNothingAlone(Sum):
    def weight(self, task: str) -> float:
        return 1.0 if len(self.tasks) > 1 else 1e-6


class DividesByHalfPrecision(Sum):
    def finish(self, losses: Mapping[str, float], reduce: Reduce) -> dict[str, float]:
        weights = super().finish(losses, reduce)
        exact = all(loss != torch.tensor(loss).bfloat16().item() for loss in losses.values())
        return weights if exact else dict.fromkeys(weights, float("nan"))


@final
@dataclass(frozen=True)
class Settings:
    kind: Callable[[Sequence[str], str], Balancer]

    def build(self, tasks: Sequence[str], target: str, seed: int) -> Balancer:
        return self.kind(tasks, target)


def test_a_balancer_of_ones_own_passes() -> None:
    check_balancer(Settings(Sum))


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (ForgetsATask, "a labelled task has a gradient unless its weight is 0"),
        (GivesNoNumbers, "weights are finite"),
        (NamesEveryTask, "finish gives the weight of every labelled task and no other"),
        (MovesTasksWithoutLabel, "the parameters of a task without a label do not move"),
        (MovesWithoutAnyLabel, "a step without any label changes nothing"),
        (PrefersTheFirst, "the order of tasks changes no weight"),
        (LearnsMoreFromTheFirst, "the order of tasks changes nothing that is learned"),
        (WeighsByParts, "cutting a step into micro-batches changes no weight"),
        (KeepsTheLastPart, "cutting a step into micro-batches changes nothing that is learned"),
        (ForgetsItsState, "a balancer whose state is loaded goes on identically"),
        (SavesWhatItGoesOnWith, "a state that was saved does not change later"),
        (TurnsAround, "the weight of one task alone is positive"),
        (LearnsNothingAlone, "one task alone learns"),
        (OverflowsInHalfPrecision, "what is learned is finite with losses in bfloat16"),
        (DividesByHalfPrecision, "weights are finite with losses in bfloat16"),
    ],
)
def test_a_broken_balancer_is_caught(kind: type[Balancer], rule: str) -> None:
    with pytest.raises(AssertionError, match=f"^{kind.__name__}: {rule}$"):
        check_balancer(Settings(kind))
