"""What a person sees of a run while it trains: a bar, and a line per validation."""

from __future__ import annotations

import os
from types import TracebackType
from typing import final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from auxseg.training.learner import Learner, StepResult
from auxseg.training.loop import Observer, Validation


def is_main_process() -> bool:
    """Whether this process talks to the person: not one that the main process or torchrun started beside it."""
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))) == 0


@final
class TrainingProgress(Observer):
    """Shows steps, losses and validation figures."""

    def __init__(self, console: Console, num_steps: int | None) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            console=console,
            disable=not console.is_terminal or not is_main_process(),
        )
        self._task = self._bar.add_task("training", total=num_steps, losses="")

    def __enter__(self) -> TrainingProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()

    def on_step(self, step: int, result: StepResult, seconds: float, data_seconds: float) -> None:
        """Move the bar."""
        losses = "  ".join(f"{name} {value:.3f}" for name, value in result.losses.items())
        self._bar.update(self._task, completed=step, losses=losses)

    def on_validation(self, validation: Validation) -> None:
        """Print a line with the figure that a person asks for first of every task."""
        figures = {
            f"{name}.{first}": values[first]
            for name, values in validation.figures.items()
            for first in [next(iter(values))]
        }
        shown = "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
        mark = "  kept" if validation.best else ""
        self._console.print(f"step {validation.step:>6}  epoch {validation.epoch:6.1f}  {shown}{mark}")

    def on_best(self, learner: Learner, step: int, value: float | None) -> None:
        """Nothing to show beyond the validation's line."""
