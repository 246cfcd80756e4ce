"""What the page of a run shows first: what was reached, where it fails, why this model is kept, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, final

from auxseg.counting import count
from auxseg.report import wording
from auxseg.report.charts import training as charts
from auxseg.report.charts.drawing import Chart
from auxseg.report.runs.answer import Answer, answer
from auxseg.report.runs.pictures import Picture, mistakes
from auxseg.report.runs.record import Record, main_figure

FEW_IMAGES: Final = 200
"""Below so many images a page warns of chance."""


@final
@dataclass(frozen=True)
class FirstScreen:
    """The first screen of a run.

    Attributes:
        answer: what was reached, ``None`` before anything was validated or evaluated.
        interval: its 95 % interval as a text; empty where there is none.
        caution: why chance weighs much, empty where it does not.
        status: how the training ended, or how far it is.
        mistakes: the worst images, worst first.
        confusable: whether the target has classes that can be taken for each other, besides background.
        curve: the target's validation figure over steps, ``None`` without validations.
        kept: which model is kept and why.
        unlabelled: a sentence on tasks that the evaluated split has no labels for; empty if there are none.
        purpose: what the command does.
        command: what to do next, ready to be copied.
    """

    answer: Answer | None
    interval: str
    caution: str
    status: str
    mistakes: list[Picture]
    confusable: bool
    curve: Chart | None
    kept: str
    unlabelled: str
    purpose: str
    command: str


def first_screen(record: Record, status: str) -> FirstScreen:
    """Gather the first screen of a run."""
    found, figure, lacking = answer(record), charts.figure_name(record, record.target), unlabelled(record)
    split = found.split if found else ""
    purpose, command = _next(record)
    return FirstScreen(
        answer=found,
        interval=_interval(found) if found else "",
        caution=_caution(found) if found else "",
        status=status,
        mistakes=mistakes(record),
        confusable=len(record.metrics.classes.get(record.target, {})) > 2 if record.metrics else False,
        curve=charts.validation_chart(record, record.target, figure) if figure else None,
        kept=_kept(record, figure) if figure else "",
        unlabelled=f"No labels in the {split} split, so no figures for: {', '.join(lacking)}." if lacking else "",
        purpose=purpose,
        command=command,
    )


def unlabelled(record: Record) -> Collection[str]:
    """The tasks other than the target that no evaluated image has a label for."""
    figures = record.metrics.figures if record.metrics else {}
    return [name for name in record.tasks if name != record.target and figures.get(name, {}).get("num_images") == 0]


def _interval(found: Answer) -> str:
    if found.interval is None:
        return ""
    low, high = (wording.said(found.figure, end) for end in found.interval)
    return f"95{wording.SPACE}% CI {low.removesuffix(f'{wording.SPACE}%')} to {high.removesuffix(f'{wording.SPACE}%')}"


def _caution(found: Answer) -> str:
    """A warning of few images, with what the interval says of differences between two models."""
    if found.split != "test" or found.value is None or found.num_images >= FEW_IMAGES:
        return ""
    few = f"{count(found.num_images, f'{found.split} image')} {'is' if found.num_images == 1 else 'are'} few"
    if found.interval is None or not wording.is_share(found.figure):
        return f"{few}: other images may give a very different figure."
    lower, higher = (100 * abs(end - found.value) for end in found.interval)
    reach = f"{lower:.1f} points lower or {higher:.1f} points higher"
    return f"{few}: on other images of the same kind the figure may be {reach}."


def _kept(record: Record, figure: str) -> str:
    """Which model is kept, and why."""
    if record.kept is None:
        return ""
    found = main_figure(record.kept.figures, record.target)
    value = wording.said(*found) if found else wording.NOTHING
    which = f"the best of {count(len(record.validations), 'validation')}"
    return (
        "On validation images, which choose the model. The ring marks the kept model, of step "
        f"{record.kept.step:,}: {which} by {wording.label(figure)}, {value}."
    )


def _next(record: Record) -> tuple[str, str]:
    """What the next command does, and the command."""
    run = shlex.quote(wording.plain(str(record.path)))
    if record.metrics is None and record.end is None:
        return "Go on with the training", f"auxseg train --resume {run}"
    if record.metrics is None or record.is_outdated or record.metrics.split != "test":
        return "Measure the model on the test split", f"auxseg evaluate {run}"
    return "Use the model on your own images", f"auxseg predict {run} FOLDER --out predictions"
