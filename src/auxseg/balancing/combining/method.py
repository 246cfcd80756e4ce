"""The protocol of a rule that combines the tasks' gradients into one direction.

Shape legend: ``K`` tasks with a gradient in the step, ``n`` parameters that they share.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from auxseg.balancing.task_gradients import Gradients


@dataclass(frozen=True)
class Rows:
    """What is known of the gradients that are combined in a step, the same in every process.

    Attributes:
        names: the tasks, in the order of the rows: the target first if it is among them, then by name.
        has_target: whether the first row is the target's.
        losses: the whole step's mean losses of these tasks, scaled by the weights of the recipe.
        step: the step's number, from 0.
    """

    names: tuple[str, ...]
    has_target: bool
    losses: Mapping[str, float]
    step: int


class Method(ABC, nn.Module):
    """A rule that combines gradients. A module, because it may remember past steps; its state is saved with the run.

    All gradients are whole steps' gradients, scaled by the weights of the recipe and added up over micro-batches and
    processes. There are always two or more (one, too, if the rule `keeps_weights`), and one of them at least is not
    zero. Whatever a rule draws depends on the seed and the step alone. A rule that finds no answer raises
    `NoAnswerError` or gives numbers that are not finite; the mean of the gradients takes its place then.
    """

    num_tasks_needed: ClassVar[int] = 1
    """Of fewer tasks than this the mean is taken: a rule that trims the extremes needs something between them."""
    keeps_weights: ClassVar[bool] = False
    """Whether its weights hold in a step without the target too: it is then asked about all parameters, and about one
    gradient alone. What one auxiliary alone reaches in such a step may be the target's, such as its decoder."""

    def observe(self, gradients: Mapping[str, Gradients]) -> None:
        """Be told the whole step's gradients, by task and parameter, before they are combined; most rules need it not.

        Whoever keeps them copies them: they are changed in place afterwards.
        """


class NoAnswerError(Exception):
    """A rule found no answer for these gradients, as when a solver does not converge."""


class GramMethod(Method):
    """A rule that needs the gradients' inner products alone, and gives the direction ``d = sum_i w_i g_i``."""

    @abstractmethod
    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights ``w``, given the inner products ``g_i . g_j`` (on the CPU)."""


class MatrixMethod(Method):
    """A rule that looks at every coordinate of the gradients."""

    @abstractmethod
    def aggregate(self, matrix: Float[Tensor, "K n"], rows: Rows) -> Float[Tensor, " n"]:
        """The direction, given the gradients."""


def unit_scaled(gramian: Float64[Tensor, "K K"]) -> tuple[Float64[Tensor, "K K"], float]:
    """The inner products divided by the largest square of a norm, and that square.

    Rules that compare with a small constant then see numbers of 1 and less, however small the gradients are.
    """
    largest = float(gramian.diagonal().max())
    return gramian / largest, largest


def mean_weights(num_tasks: int) -> Float64[Tensor, " K"]:
    """Those of the plain mean of the gradients."""
    return torch.full((num_tasks,), 1 / num_tasks, dtype=torch.float64)
