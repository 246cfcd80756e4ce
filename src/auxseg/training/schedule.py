"""How the learning rate changes: a factor on every parameter group's own rate, from the step alone where possible."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Annotated, Literal, final

from pydantic import Field

from auxseg.config import config

Fraction = Annotated[float, Field(ge=0, lt=1)]


class Schedule(ABC):
    """Gives the factor for a step; may watch the validation figure."""

    @abstractmethod
    def factor(self, step: int) -> float:
        """Factor on the learning rate for the step that is about to be taken, counted from 0."""

    @abstractmethod
    def observe(self, figure: float) -> None:
        """Be told the target's validation figure, larger being better."""

    @abstractmethod
    def state(self) -> dict[str, float | int]:
        """What a checkpoint must keep."""

    @abstractmethod
    def restore(self, state: dict[str, float | int]) -> None:
        """Go on from a checkpoint's state."""


@final
class WarmCosine(Schedule):
    """A cosine rise from ``start`` to 1 over the first ``warmup`` of the steps, then a cosine fall to ``end``.

    With warm-up it is the one-cycle policy of Smith and Topin, Super-Convergence: Very Fast Training of Neural
    Networks Using Large Learning Rates, 2018, https://arxiv.org/abs/1708.07120, in the two-phase cosine form of
    `torch.optim.lr_scheduler.OneCycleLR`, whose boundaries it shares.
    """

    def __init__(self, num_steps: int, *, warmup: float, start: float, end: float) -> None:
        self.num_steps, self.start, self.end = num_steps, start, end
        self.peak = max(warmup * num_steps - 1, 0.0)

    def factor(self, step: int) -> float:
        """The factor of the step; after the last step it stays at the end's."""
        if step < self.peak:
            return _cosine(self.start, 1.0, step / self.peak)
        return _cosine(1.0, self.end, min((step - self.peak) / max(self.num_steps - 1 - self.peak, 1), 1.0))

    def observe(self, figure: float) -> None:
        """Nothing to learn from it."""

    def state(self) -> dict[str, float | int]:
        """Nothing to keep."""
        return {}

    def restore(self, state: dict[str, float | int]) -> None:
        """Nothing to restore."""


@final
class Plateau(Schedule):
    """Multiplies the rate by ``drop`` whenever more than ``patience`` validations in a row brought no better figure.

    So it drops at the ``patience + 1``-th of them, and counts anew.
    """

    def __init__(self, *, drop: float, patience: int, minimum: float) -> None:
        self.drop, self.patience, self.minimum = drop, patience, minimum
        self.current, self.best, self.waited = 1.0, -math.inf, 0

    def factor(self, step: int) -> float:
        """The factor reached so far."""
        return self.current

    def observe(self, figure: float) -> None:
        """Count validations without improvement."""
        if figure > self.best:
            self.best, self.waited = figure, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.current, self.waited = max(self.current * self.drop, self.minimum), 0

    def state(self) -> dict[str, float | int]:
        """The factor, the best figure and the validations waited."""
        return {"current": self.current, "best": self.best, "waited": self.waited}

    def restore(self, state: dict[str, float | int]) -> None:
        """Go on from there."""
        self.current, self.best, self.waited = state["current"], state["best"], state["waited"]


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


@config
class OneCycleConfig:
    """Warm up over a share of the steps, then fall along a cosine to almost nothing.

    ``warmup`` is that share; ``start`` and ``end`` are factors of the rate before the first and at the last step.
    """

    kind: Literal["one-cycle"] = "one-cycle"
    warmup: Fraction = 0.2
    start: Fraction = 0.04
    end: Fraction = 0.0001

    def build(self, num_steps: int) -> Schedule:
        """Make the schedule for a run of this length."""
        return WarmCosine(num_steps, warmup=self.warmup, start=self.start, end=self.end)


@config
class CosineConfig:
    """Fall along a cosine from the first step to the last, to ``end`` times the rate."""

    kind: Literal["cosine"] = "cosine"
    end: Fraction = 0.0

    def build(self, num_steps: int) -> Schedule:
        """Make the schedule for a run of this length."""
        return WarmCosine(num_steps, warmup=0.0, start=1.0, end=self.end)


@config
class PlateauConfig:
    """Drop the rate when the target's validation figure stops getting better; without drops a constant rate.

    After ``patience`` validations without improvement it is multiplied by ``drop``, down to ``minimum`` times the rate.
    """

    kind: Literal["plateau"] = "plateau"
    drop: Annotated[float, Field(gt=0, le=1)] = 0.5
    patience: Annotated[int, Field(ge=0, le=10**9)] = 5
    minimum: Fraction = 0.001

    def build(self, num_steps: int) -> Schedule:
        """Make the schedule; it does not depend on the length."""
        return Plateau(drop=self.drop, patience=self.patience, minimum=self.minimum)


ScheduleConfig = Annotated[OneCycleConfig | CosineConfig | PlateauConfig, Field(discriminator="kind")]
