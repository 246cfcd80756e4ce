"""history.csv: a run's events as a table, for those who like tables."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from auxseg.files import write_atomically
from auxseg.run.directory import Run
from auxseg.training.events import read_events


def write_history(run: Run) -> None:
    """Write one row per epoch and per validation, made from events.jsonl alone.

    ``TASK.training_loss`` and ``TASK.weight`` are means over the steps since the row before; the other columns are the
    validation's, and empty in rows without one.
    """
    rows = list(_rows(read_events(run.events_file)))
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, fieldnames=_columns(rows))
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(run.directory / "history.csv", table.getvalue().encode())


def _rows(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    steps: list[Mapping[str, Any]] = []
    steps_per_epoch = 1
    for event in events:
        match event["event"]:
            case "start":
                steps_per_epoch = event["steps_per_epoch"]
            case "step":
                steps.append(event)
                if event["step"] % steps_per_epoch == 0:
                    rows.append(_of_training(steps, steps_per_epoch))
                    steps = []
            case "validation":
                if steps:
                    rows.append(_of_training(steps, steps_per_epoch))
                    steps = []
                rows[-1] |= _of_validation(event)
    if steps:  # the run ended, or stands, within an epoch
        rows.append(_of_training(steps, steps_per_epoch))
    return rows


def _of_training(steps: Sequence[Mapping[str, Any]], steps_per_epoch: int) -> dict[str, Any]:
    step = steps[-1]["step"]
    tasks = dict.fromkeys(task for each in steps for task in each["losses"])
    losses = {f"{task}.training_loss": _mean(each["losses"].get(task) for each in steps) for task in tasks}
    weights = {f"{task}.weight": _mean(each["weights"].get(task) for each in steps) for task in tasks}
    return {"step": step, "epoch": round(step / steps_per_epoch, 4), **losses, **weights}


def _of_validation(event: Mapping[str, Any]) -> dict[str, Any]:
    losses = {f"{task}.loss": value for task, value in event["losses"].items()}
    figures = {f"{task}.{name}": value for task, values in event["figures"].items() for name, value in values.items()}
    return {**losses, **figures, "seconds": event["seconds"]}


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns of all rows: where it is, losses, weights, figures; not every row has all of them."""
    found = dict.fromkeys(name for row in rows for name in row)
    losses, trained, weights = (
        [name for name in found if name.endswith(kind)] for kind in (".loss", ".training_loss", ".weight")
    )
    return list(dict.fromkeys(["step", "epoch", *losses, *trained, *weights, *found]))
