"""What a run's gradients said about whether its auxiliaries pull with the target, drawn and in words."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

from auxseg.records.events import Gradients
from auxseg.report import wording
from auxseg.report.charts import drawing as figures
from auxseg.report.charts.drawing import Chart, Curve
from auxseg.report.runs.record import Record


@final
@dataclass(frozen=True)
class Pull:
    """An auxiliary over all looks: their number, the share that conflict, the mean cosine and the mean affinity."""

    task: str
    num_looks: int
    conflicts: float | None
    cosine: float | None
    affinity: float | None


@final
@dataclass(frozen=True)
class Agreement:
    """A row per auxiliary, the charts, and the share of the training's time that looking took."""

    pulls: list[Pull]
    charts: list[Chart]
    share_of_time: float


def agreement(record: Record) -> Agreement | None:
    """``None`` for a run that was not watched, or had nothing to compare."""
    looks = record.looks
    tasks = list(dict.fromkeys(task for look in looks for task in look.cosines))
    if not tasks:
        return None
    charts = [_cosines(record, task, looks) for task in tasks]
    seconds = sum(step.seconds for step in record.steps)
    spent = sum(look.seconds for look in looks) / seconds if seconds else 0.0
    return Agreement([_pull(task, looks) for task in tasks], [*charts, _affinities(record, tasks, looks)], spent)


def _pull(task: str, looks: Sequence[Gradients]) -> Pull:
    cosines = _known(look.cosines.get(task, {}).get(wording.EVERYWHERE) for look in looks)
    affinities = _known(look.affinities.get(task) for look in looks)
    return Pull(
        task,
        len(cosines),
        statistics.fmean(cosine < 0 for cosine in cosines) if cosines else None,
        statistics.fmean(cosines) if cosines else None,
        statistics.fmean(affinities) if affinities else None,
    )


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _cosines(record: Record, task: str, looks: Sequence[Gradients]) -> Chart:
    looks = [look for look in looks if task in look.cosines]
    groups = list(dict.fromkeys(group for look in looks for group in look.cosines[task]))
    steps = [look.step for look in looks]
    lines = [
        Curve(
            wording.group(group),
            steps,
            [look.cosines[task].get(group) for look in looks],
            dots=True,
        )
        for group in groups
    ]
    caption = (
        f"Cosine of the gradients of {task} and {record.target}, by stage of the shared encoder. Above 0 they pull in "
        "the same direction, below 0 against each other."
    )
    return figures.curves(f"cosine-{task}", f"{task}: cosine with {record.target}", caption, lines, zero=True)


def _affinities(record: Record, tasks: Sequence[str], looks: Sequence[Gradients]) -> Chart:
    lines = [
        Curve(
            task,
            [look.step for look in looks],
            [_percent(look.affinities.get(task)) for look in looks],
            dots=True,
        )
        for task in tasks
    ]
    caption = (
        f"By how many percent a small step for an auxiliary alone lowers the loss of {record.target} on the same "
        "images. Below 0 it raises it."
    )
    return figures.curves("affinity", f"effect of a step on {record.target}", caption, lines, "percent", zero=True)


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value
