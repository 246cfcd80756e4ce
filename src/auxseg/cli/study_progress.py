"""What a person sees of a study while it trains: a line per arm, without any verdict."""

from __future__ import annotations

import statistics
import time
from types import TracebackType
from typing import Final, final

from rich.console import Console
from rich.live import Live
from rich.table import Table

from auxseg.study.directory import StudyDirectory
from auxseg.study.plan import Plan, PlannedRun
from auxseg.study.validation import validation_figure

REFRESH_SECONDS: Final = 2.0


@final
class StudyProgress:
    """Shows how many runs of each arm are done, their mean validation figure, and the time that is left.

    On a terminal as a table that changes; elsewhere as a line whenever another run is done. Validation figures only:
    who sees a verdict early is tempted to stop there. A study that tunes weights shows one plan after the other.
    """

    def __init__(self, console: Console, study: StudyDirectory) -> None:
        self._console, self._study = console, study
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._shown_at = -REFRESH_SECONDS
        self._begin(None)

    def _begin(self, plan: Plan | None) -> None:
        self._plan, self._started = plan, time.monotonic()
        self._values: dict[str, float | None] = {}
        self._num_at_start: int | None = None

    def __enter__(self) -> StudyProgress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, plan: Plan) -> None:
        """Look at the runs' files, not more often than a person can follow."""
        if time.monotonic() - self._shown_at < REFRESH_SECONDS:
            return
        self._shown_at = time.monotonic()
        if plan is not self._plan:
            self._begin(plan)
        before = len(self._values)
        for run in plan.runs:
            if run.directory_name not in self._values and self._study.is_done(run):
                self._values[run.directory_name] = self._validation(run)
        if self._num_at_start is None:
            self._num_at_start = len(self._values)
        if self._live is not None:
            self._live.update(self._table(plan), refresh=True)
        elif len(self._values) > before:
            self._console.print(f"{len(self._values)} of {len(plan.runs)} runs are done{self._left(plan)}")

    def _table(self, plan: Plan) -> Table:
        table = Table(title=f"{len(self._values)} of {len(plan.runs)} runs are done{self._left(plan)}")
        for heading in ("arm", "masks", "runs done", "validation"):
            table.add_column(heading, justify="left" if heading == "arm" else "right")
        for fraction in plan.label_fractions:
            for arm in plan.arms:
                names = [run.directory_name for run in plan.runs if (run.arm, run.label_fraction) == (arm, fraction)]
                values = [self._values[name] for name in names if name in self._values]
                known = [value for value in values if value is not None]
                mean = f"{statistics.fmean(known):.4f}" if known else ""
                table.add_row(arm.name, f"{100 * fraction:g}%", f"{len(values)} of {len(names)}", mean)
        return table

    def _left(self, plan: Plan) -> str:
        done = len(self._values) - (self._num_at_start or 0)
        left = len(plan.runs) - len(self._values)
        if not done or not left:
            return ""
        seconds = (time.monotonic() - self._started) / done * left
        return f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", about {seconds:.0f} s left"

    def _validation(self, run: PlannedRun) -> float | None:
        if self._study.failure(run) is not None:
            return None
        return validation_figure(self._study.run_directory(run), run.recipe.target)
