"""What a person sees of a study while it works: what it does, and a line per arm, without any verdict."""

from __future__ import annotations

import datetime
import statistics
import time
from types import TracebackType
from typing import Final, final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from auxseg.records.last_step import last_step
from auxseg.study.answers.validation import validation_figure
from auxseg.study.design.plan import Plan, PlannedRun
from auxseg.study.directory.directory import StudyDirectory

REFRESH_SECONDS: Final = 2.0


@final
class StudyProgress:
    """Shows what a study does, the runs of each arm, their steps and mean validation figure, and the time left.

    On a terminal as a table that changes, under a spinner; elsewhere as a line with a time stamp whenever something
    else begins or another run is done. Validation figures only: who sees a verdict early is tempted to stop there. A
    study that tunes weights shows one plan after the other.
    """

    def __init__(self, console: Console, study: StudyDirectory) -> None:
        self._console, self._study = console, study
        self._spinner = Spinner("dots", Text("starting"))
        self._live = Live(self._spinner, console=console, refresh_per_second=8) if console.is_terminal else None
        self._shown_at = -REFRESH_SECONDS
        self._begin(None)

    def _begin(self, plan: Plan | None) -> None:
        self._plan = plan
        self._values: dict[str, float | None] = {}
        self._steps: dict[str, tuple[int, int]] = {}
        self._at_start: tuple[float, float] | None = None

    def __enter__(self) -> StudyProgress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._spinner.update(text=Text(f"{len(self._values)} runs are done"))
            self._live.stop()

    def tell(self, what: str) -> None:
        """Say what the study begins to do."""
        self._spinner.update(text=Text(what))
        if self._live is None:
            self._print(what)

    def show(self, plan: Plan) -> None:
        """Look at the runs' files, not more often than a person can follow."""
        if time.monotonic() - self._shown_at < REFRESH_SECONDS:
            return
        self._shown_at = time.monotonic()
        if plan is not self._plan:
            self._begin(plan)
        is_first = self._at_start is None
        new = self._look(plan)
        if is_first:
            self._at_start = time.monotonic(), self._done(plan)
        if self._live is not None:
            self._live.update(self._view(plan))
        elif not is_first or len(new) < len(plan.runs):
            for number, run in enumerate(new, len(self._values) - len(new) + 1):
                value = self._values[run.directory_name]
                said = "diverged, or was not validated" if value is None else f"validation {value:.4f}"
                self._print(
                    f"{number} of {len(plan.runs)} runs are done{self._left(plan)}  "
                    f"{run.arm.name}, seed {run.seed}{f', fold {run.fold}' if run.fold else ''}: {said}"
                )

    def _look(self, plan: Plan) -> list[PlannedRun]:
        """Take in the runs' files; returns the runs that are done since the last time."""
        new = []
        for run in plan.runs:
            name = run.directory_name
            if name in self._values:
                continue
            if self._study.is_done(run):
                self._values[name] = self._validation(run)
                new.append(run)
            elif (found := last_step(self._study.run_directory(run))) is not None:
                self._steps[name] = found
        return new

    def _view(self, plan: Plan) -> RenderableType:
        count = f"{len(self._values)} of {len(plan.runs)} runs are done{self._left(plan)}"
        table = Table(title=count, title_justify="left")
        for heading in ("arm", "masks", "runs done", "step", "validation"):
            table.add_column(heading, justify="left" if heading == "arm" else "right", overflow="fold")
        for fraction in plan.label_fractions:
            for arm in plan.arms:
                names = [run.directory_name for run in plan.runs if (run.arm, run.label_fraction) == (arm, fraction)]
                values = [self._values[name] for name in names if name in self._values]
                known = [value for value in values if value is not None]
                mean = f"{statistics.fmean(known):.4f}" if known else ""
                steps = [self._steps[name] for name in names if name in self._steps and name not in self._values]
                at = ", ".join(f"{step}/{of}" for step, of in steps)
                table.add_row(arm.name, f"{100 * fraction:g}%", f"{len(values)} of {len(names)}", at, mean)
        return Group(self._spinner, table)

    def _done(self, plan: Plan) -> float:
        """How many trainings' worth of steps are taken."""
        running = [step / of for name, (step, of) in self._steps.items() if name not in self._values and of]
        return len(self._values) + sum(running)

    def _left(self, plan: Plan) -> str:
        if self._at_start is None:
            return ""
        started, before = self._at_start
        done, left = self._done(plan) - before, len(plan.runs) - self._done(plan)
        if done <= 0 or left <= 0:
            return ""
        seconds = (time.monotonic() - started) / done * left
        return f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", about {seconds:.0f} s left"

    def _validation(self, run: PlannedRun) -> float | None:
        if self._study.failure(run) is not None:
            return None
        return validation_figure(self._study.run_directory(run), run.recipe.target)

    def _print(self, line: str) -> None:
        self._console.print(f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S}  {line}", markup=False, soft_wrap=True)
