"""What a person sees of a run while it trains: a bar and a line per validation, or in a log the lines alone."""

from __future__ import annotations

import datetime
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from auxseg.cli.output.terminal import plain
from auxseg.records.names import RECIPE_FILE
from auxseg.strict_yaml import read_mapping
from auxseg.training.learner import Learner, StepResult
from auxseg.training.loop import Observer, Validation

SECONDS_BETWEEN_LINES: Final = 5.0
"""Validations that follow each other faster share a line, that of the last one."""
_WIDTH_BESIDE_LOSSES: Final = 62
"""Columns of a terminal that name, bar, steps and times take."""
_LONGEST_NAME: Final = 16


def is_main_process() -> bool:
    """Whether this process talks to the person: not one that the main process or torchrun started beside it."""
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))) == 0


@final
class TrainingProgress(Observer):
    """Shows a run's name, steps of how many, time left, mean training losses, and figures of validations.

    A line has the mean losses of the steps since the line before, and says *kept* if the model of that validation is
    the one to keep so far: it need not be the best, but is within the recipe's tolerance of it.
    """

    def __init__(self, console: Console, directory: Path) -> None:
        self._console, self._directory = console, directory
        self._name, self._num_steps = plain(directory.name), 0
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}", markup=False),
            console=console,
            disable=not console.is_terminal or not is_main_process(),
        )
        self._task = self._bar.add_task(_cut(self._name), total=None, losses="")
        self._sums: dict[str, tuple[float, int]] = {}
        self._first_step = self._step = 0
        self._started = self._line_at = time.monotonic()
        self._pending: Validation | None = None

    def __enter__(self) -> TrainingProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._pending is not None:
            self._print(self._pending)
        self._bar.stop()

    def on_step(self, step: int, result: StepResult, seconds: float, data_seconds: float) -> None:
        """Move the bar."""
        if not self._num_steps:
            self._begin(step)
        self._step = step
        for name, value in result.losses.items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = total + value, count + 1
        losses = _fitting(result.losses, self._console.width - _WIDTH_BESIDE_LOSSES)
        self._bar.update(self._task, completed=step, losses=losses)

    def on_validation(self, validation: Validation) -> None:
        """Print a line with the figure that a person asks for first of every task, unless one was just printed."""
        is_last = validation.step >= self._num_steps
        if is_last or time.monotonic() - self._line_at >= SECONDS_BETWEEN_LINES:
            self._print(validation)
        else:
            self._pending = validation

    def on_best(self, learner: Learner, step: int, value: float | None) -> None:
        """Nothing to show beside the validation itself."""

    def _begin(self, step: int) -> None:
        """Ask the resolved recipe, which is written before the first step, how many there are."""
        recipe = read_mapping(self._directory / RECIPE_FILE, "recipe")
        self._num_steps, self._first_step = int(recipe["training"]["steps"]), step - 1
        self._started = self._line_at = time.monotonic()
        self._bar.update(self._task, total=self._num_steps)

    def _print(self, validation: Validation) -> None:
        """A line that can be understood alone, in a log among others."""
        self._pending, self._line_at = None, time.monotonic()
        figures = {name: next(iter(values.items())) for name, values in validation.figures.items() if values}
        shown = "  ".join(f"{name} {figure} {_shown(value)}" for name, (figure, value) in figures.items())
        losses = "  ".join(f"{name} {total / count:.3f}" for name, (total, count) in self._sums.items())
        self._sums = {}
        start = f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S}  {self._name}  " if not self._console.is_terminal else ""
        mark = "  kept" if validation.best else ""
        self._console.print(
            f"{start}step {validation.step} of {self._num_steps}{self._left()}  "
            f"mean training loss: {losses}  validation: {shown}{mark}",
            soft_wrap=not self._console.is_terminal,
        )

    def _left(self) -> str:
        done, left = self._step - self._first_step, self._num_steps - self._step
        if done < 1 or left < 1:
            return ""
        seconds = (time.monotonic() - self._started) / done * left
        if seconds < 90:
            return f", {seconds:.0f} s left"
        return f", {seconds / 60:.0f} min left" if seconds < 5400 else f", {seconds / 3600:.1f} h left"


def _shown(value: float) -> str:
    """Of a figure that no image defines, such as the mean average precision without any box, there is no number."""
    return "undefined" if math.isnan(value) else f"{value:.4f}"


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _fitting(losses: Mapping[str, float], width: int) -> str:
    """As many of the losses as fit, the first task's before the others', and how many there are besides."""
    text, left = "loss", len(losses)
    for name, value in losses.items():
        more = f"{text}  {name} {value:.3f}" if text != "loss" else f"loss {name} {value:.3f}"
        rest = f" +{left - 1}" if left > 1 else ""
        if len(more) + len(rest) > width:
            break
        text, left = more, left - 1
    if text == "loss":
        return ""
    return f"{text} +{left}" if left else text
