"""history.csv: a run's events as a table, for those who like tables."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterable, Sequence
from typing import TypeAlias, final

from auxseg.files import naming, write_atomically
from auxseg.records.events import Event, Step, Validated, read_events
from auxseg.records.names import HISTORY_FILE
from auxseg.run.directory import Run

_Row: TypeAlias = dict[str, int | float | None]


@final
class History:
    """Writes one row per epoch and per validation: appends them, and rewrites the table where a column is new.

    ``TASK.training_loss`` and ``TASK.weight`` are means over the steps since the row before; the other columns are the
    validation's, and empty in rows without one. It begins with the rows of the log that is there, so that the file of a
    resumed run is that of a whole one.
    """

    def __init__(self, run: Run, steps_per_epoch: int) -> None:
        self._path = run.directory / HISTORY_FILE
        self._steps_per_epoch = steps_per_epoch
        self._rows: list[_Row] = []
        self._names: dict[str, None] = {}
        self._steps: list[Step] = []
        self._num_written = 0
        self._header: list[str] = []
        self._may_grow = False
        """Whether the last row may yet become that of a validation, which comes right after its step."""
        for event in read_events(run.directory).whole:
            self._take(event)

    def add(self, event: Step | Validated) -> None:
        """Take an event of the log in, and write the row that it finishes."""
        if isinstance(event, Step) and self._may_grow:
            self.write()
        self._take(event)
        if isinstance(event, Validated):
            self.write()

    def finish(self) -> None:
        """Write the row of an epoch that was not finished."""
        if self._steps:
            self._add_row()
        self.write()

    def write(self) -> None:
        """Bring the file up to the rows that are there."""
        if not self._rows:
            return
        columns, rows = _columns(self._names), self._rows[self._num_written :]
        is_new = columns != self._header
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, fieldnames=columns)
        if is_new:
            writer.writeheader()
        writer.writerows(self._rows if is_new else rows)
        content = table.getvalue().encode()
        if is_new:
            write_atomically(self._path, content)
        else:
            with naming(self._path), self._path.open("ab") as file:
                file.write(content)
        self._header, self._num_written, self._may_grow = columns, len(self._rows), False

    def _take(self, event: Event) -> None:
        if isinstance(event, Step):
            self._steps.append(event)
            self._may_grow = event.step % self._steps_per_epoch == 0
            if self._may_grow:
                self._add_row()
        elif isinstance(event, Validated):
            if self._steps or not self._rows:
                self._add_row()
            self._extend(_of_validation(event))
            self._may_grow = False

    def _add_row(self) -> None:
        self._rows.append({})
        self._extend(_of_training(self._steps, self._steps_per_epoch))
        self._steps = []

    def _extend(self, values: _Row) -> None:
        self._rows[-1] |= values
        self._names |= dict.fromkeys(values)


def _of_training(steps: Sequence[Step], steps_per_epoch: int) -> _Row:
    if not steps:
        return {}
    step = steps[-1].step
    tasks = dict.fromkeys(task for each in steps for task in each.losses)
    losses = {f"{task}.training_loss": _mean(each.losses.get(task) for each in steps) for task in tasks}
    weights = {f"{task}.weight": _mean(each.weights.get(task) for each in steps) for task in tasks}
    return {"step": step, "epoch": round(step / steps_per_epoch, 4), **losses, **weights}


def _of_validation(event: Validated) -> _Row:
    losses = {f"{task}.loss": value for task, value in event.losses.items()}
    figures = {f"{task}.{name}": value for task, values in event.figures.items() for name, value in values.items()}
    return {**losses, **figures, "seconds": event.seconds}


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _columns(found: Iterable[str]) -> list[str]:
    """The columns of all rows: where it is, losses, weights, figures; not every row has all of them."""
    found = list(found)
    losses, trained, weights = (
        [name for name in found if name.endswith(kind)] for kind in (".loss", ".training_loss", ".weight")
    )
    return list(dict.fromkeys(["step", "epoch", *losses, *trained, *weights, *found]))
