"""Auto-lambda: an auxiliary loses weight unless the steps that it is part of help the target on the next batch."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, final

import torch
from jaxtyping import Float, Float64
from pydantic import Field
from torch import Tensor

from auxseg.balancing.combining.gram import gramian
from auxseg.balancing.combining.method import GramMethod, Rows
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.target_first.target_first import agreement
from auxseg.balancing.task_gradients import Gradients
from auxseg.config import config

_BETAS: Final = (0.9, 0.999)
_EPSILON: Final = 1e-6
"""Cosines below it are rounding errors of float32, and must not move a weight by a whole step."""


@final
class AutoLambda(GramMethod):
    """``d = sum_i (lambda_i / lambda_t) g_i``, where lambda follows the slope of the target's loss on the next batch.

    The paper takes a virtual step with the weights lambda and differentiates the target's loss after it, on another
    batch, by lambda: the slope is ``-alpha g_i . g_t``, with ``g_i`` of the batch of the step and ``g_t`` of the other
    batch, after the step. Here the step that was taken is the virtual one, and the next step's batch is the other: its
    ``g_t`` is known when the next step is combined, so that no further pass is needed. Adam then moves lambda, of the
    target too, by the cosine of the two gradients on the parameters that both reach.

    Lambda begins at 1. It never falls below 0, the target's never below 1. A gradient moves a weight once, in the next
    step that has the target's label. A task without a label in a step keeps its weight. Without the target no weight
    moves, and an auxiliary's holds for all that it reaches, its head and the target's decoder too.

    Since the target's lambda follows its own agreement from batch to batch, an auxiliary keeps about its weight while
    it agrees as steadily, and loses it otherwise; above 1 it hardly comes.

    Source: Liu, James, Davison and Johns, Auto-Lambda: Disentangling Dynamic Task Relationships, TMLR 2022,
    https://arxiv.org/abs/2202.03091, and the authors' code. There every lambda begins at 0.1, the target's too, and
    moves by Adam with the rate 1e-4: by a thousandth of where it began, in 40,000 steps. Departures: only the ratios to
    the target's lambda matter, so that the learning rate keeps its meaning; heads get their own tasks' gradients unless
    ``scope`` is ``all``; cosines instead of products, so that weights do not slow down with the gradients; the
    virtual step is that of the optimiser, with all that it remembers; no weight is negative. Cost: K backward passes.
    State: a gradient per task, as large as the network, and 4 numbers.
    """

    keeps_weights = True

    def __init__(self, step_size: float, target: str) -> None:
        super().__init__()
        self.step_size, self.target = step_size, target
        self._lambdas: dict[str, dict[str, float]] = {}
        self._waiting: dict[str, Gradients] = {}

    def observe(self, gradients: Mapping[str, Gradients]) -> None:
        """Let the target's gradient judge those of the steps before, and keep the new ones."""
        if self.target in gradients:
            for name, before in self._waiting.items():
                self._move(name, _cosine(before, gradients[self.target]))
            self._waiting = {}
        for name, rows in gradients.items():
            self._waiting[name] = [None if row is None else row.detach().clone() for row in rows]

    def _move(self, name: str, slope: float) -> None:
        """One step of Adam, upwards."""
        state = self._lambdas.setdefault(name, {"weight": 1.0, "mean": 0.0, "square": 0.0, "steps": 0})
        state["steps"] += 1
        for key, beta, value in zip(("mean", "square"), _BETAS, (slope, slope**2), strict=True):
            state[key] = beta * state[key] + (1 - beta) * value
        mean, square = (
            state[key] / (1 - beta ** state["steps"]) for key, beta in zip(("mean", "square"), _BETAS, strict=True)
        )
        moved = state["weight"] + self.step_size * mean / (math.sqrt(square) + _EPSILON)
        state["weight"] = max(moved, 1.0 if name == self.target else 0.0)

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The ratios of the weights to the target's, also in a step without it."""
        known = {name: state["weight"] for name, state in self._lambdas.items()}
        of_target = known.get(self.target, 1.0)
        return torch.tensor([known.get(name, 1.0) / of_target for name in rows.names], dtype=torch.float64)

    def get_extra_state(self) -> dict[str, Any]:
        """The weights with Adam's memory, and the gradients that wait for the next batch."""
        return {"lambdas": copy.deepcopy(self._lambdas), "waiting": {name: [*g] for name, g in self._waiting.items()}}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self._lambdas = copy.deepcopy(state["lambdas"])
        self._waiting = {name: [*gradients] for name, gradients in state["waiting"].items()}


def _cosine(one: Sequence[Tensor | None], other: Sequence[Tensor | None]) -> float:
    """That of two gradients on the parameters that both reach, 0 if there are none."""
    both = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    return agreement(gramian([*map(list, zip(*both, strict=True))]))[1].item() if both else 0.0


@config
class AutoLambdaConfig(CombiningConfig):
    """Settings of `AutoLambda`, which takes weight from an auxiliary unless its steps help the target on new images.

    ``step_size`` is about how far a weight, which begins at 1, moves in a step while the gradients agree from batch to
    batch. The paper's is 0.001 for 40,000 steps; trainings here are shorter.
    """

    reads_products: ClassVar[bool] = False
    kind: Literal["auto-lambda"] = "auto-lambda"
    step_size: Annotated[float, Field(gt=0, le=1)] = 0.01

    def method(self, target: str, seed: int) -> AutoLambda:
        """Make the rule."""
        return AutoLambda(self.step_size, target)
