"""Stopping a training as Ctrl-C does."""

from __future__ import annotations

from typing import final

from auxseg.training.learner import Learner, StepResult
from auxseg.training.loop import Observer, Validation


@final
class StopAt(Observer):
    """Ctrl-C in a step, whose checkpoint is the last one before it."""

    def __init__(self, step: int) -> None:
        self._step = step

    def on_step(self, step: int, result: StepResult, seconds: float, data_seconds: float) -> None:
        if step == self._step:
            raise KeyboardInterrupt

    def on_validation(self, validation: Validation) -> None:
        """Go on."""

    def on_best(self, learner: Learner, step: int, value: float | None) -> None:
        """Go on."""
