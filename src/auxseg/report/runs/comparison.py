"""Several runs side by side: a row for each, what sets their recipes apart, and their learning curves together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from auxseg.records.values.differences import differences
from auxseg.report import wording
from auxseg.report.charts import drawing as figures
from auxseg.report.charts.drawing import Chart
from auxseg.report.charts.training import figure_curve, figure_name, loss_curve
from auxseg.report.runs import facts
from auxseg.report.runs.answer import Answer, answer
from auxseg.report.runs.facts import Facts
from auxseg.report.runs.likeness import unlike
from auxseg.report.runs.record import Record, main_figure


@final
@dataclass(frozen=True)
class Row:
    """One run in the table.

    Attributes:
        change: the difference from the first run, empty where none can be given.
        difference: the same as a number.
        unlike: in what else the run differs from the first that moves a figure (`auxseg.report.runs.likeness`).
    """

    name: str
    value: str
    change: str
    difference: float | None
    unlike: list[str]
    measured: str
    others: list[str]
    parameters: str
    steps: str
    step_time: str
    total_time: str


@final
@dataclass(frozen=True)
class Comparison:
    """What the page says of several runs together.

    Attributes:
        title: the figure of the target that the runs are compared by.
        meaning: what that figure says; empty if the runs have different ones.
        data: what all runs were measured on; empty if that is not the same.
        remarks: why differences are not to be trusted, where they are not.
        others: the further tasks and their main figures, whose values stand in each row's ``others``.
        classes: the mask classes of the target, if there are more than two, with the IoU of each in every run.
        settings: what differs between the recipes, with its value in each run.
    """

    title: str
    meaning: str
    data: Facts
    remarks: list[str]
    others: list[str]
    rows: list[Row]
    classes: list[tuple[str, list[str]]]
    settings: list[tuple[str, list[str]]]
    charts: list[Chart]


def compare(records: Sequence[Record], names: Sequence[str]) -> Comparison:
    """Put runs side by side; differences are given from the first run, if all were measured alike."""
    answers = [answer(record) for record in records]
    remarks = _remarks(records, answers)
    others = list(dict.fromkeys(task for record in records for task in record.tasks if task != record.target))
    titles = list(dict.fromkeys(f"{found.task}: {wording.label(found.figure)}" for found in answers if found))
    data = [facts.data(record) for record in records]
    return Comparison(
        title=" / ".join(titles) or records[0].target,
        meaning=next(found.meaning for found in answers if found) if len(titles) == 1 else "",
        data=data[0] if all(other == data[0] for other in data) else [],
        remarks=remarks,
        others=[_heading(records, task) for task in others],
        rows=[
            _row(record, name, found, others, None if remarks or record is records[0] else answers[0], records[0])
            for record, name, found in zip(records, names, answers, strict=True)
        ],
        classes=_classes(records),
        settings=[
            (key, [_setting(value) for value in values])
            for key, values in differences(*(record.recipe.settings for record in records))
        ],
        charts=_charts(records, names),
    )


def _classes(records: Sequence[Record]) -> list[tuple[str, list[str]]]:
    """IoU of every class of the target in each run, as far as runs were evaluated."""
    measured = [record.metrics.classes.get(record.target, {}) if record.metrics else {} for record in records]
    names = list(dict.fromkeys(name for classes in measured for name in classes))
    if len(names) <= 2 or len({record.target for record in records}) > 1:
        return []
    return [
        (name, [wording.percent(classes[name].iou if name in classes else None) for classes in measured])
        for name in names
    ]


def _heading(records: Sequence[Record], task: str) -> str:
    names = (wording.label(pair[0]) for record in records if (pair := main_figure(record.figures, task)))
    return ": ".join([task, *dict.fromkeys(names)])


def _remarks(records: Sequence[Record], answers: Sequence[Answer | None]) -> list[str]:
    """Reasons why the runs' figures cannot be subtracted from each other."""
    measured = {(found.task, found.figure, found.split) for found in answers if found}
    at_original = all(record.metrics is not None and record.metrics.at == "original" for record in records)
    sizes = {tuple(getattr(record.data, key, None) for key in ("size", "resize")) for record in records}
    data = {tuple(getattr(record.data, key, None) for key in ("content_hash", "border")) for record in records}
    remarks = []
    if None in answers or len(measured) > 1:
        remarks.append("Not all runs have the same figure on the same split, so no differences are shown.")
    if len(data) > 1:
        remarks.append("The runs were not measured on the same data, so no differences are shown.")
    elif len(sizes) > 1 and not at_original:
        remarks.append(
            "The runs were not measured at the same size, so no differences are shown. Masks at the images' own size "
            "could be compared: evaluate all of them with --at original."
        )
    return remarks


def _row(
    record: Record,
    name: str,
    found: Answer | None,
    others: Sequence[str],
    first: Answer | None,
    first_record: Record,
) -> Row:
    difference = _difference(found, first)
    pairs = [main_figure(record.figures, task) for task in others]
    per_step = facts.seconds_per_step(record)
    return Row(
        name=name,
        value=wording.said(found.figure, found.value) if found else wording.NOTHING,
        change=_change(found, difference),
        difference=difference,
        unlike=unlike(first_record, record),
        measured=f"{found.num_images:,} {found.split}" if found else "not measured yet",
        others=[wording.said(*pair) if pair else wording.NOTHING for pair in pairs],
        parameters=_parameters(record),
        steps=f"{record.steps[-1].step:,}" if record.steps else "0",
        step_time=wording.NOTHING if per_step is None else wording.seconds(per_step),
        total_time=wording.seconds(facts.training_seconds(record)),
    )


def _change(found: Answer | None, difference: float | None) -> str:
    if found is None or difference is None:
        return ""
    return f"{wording.points(difference)} points" if wording.is_share(found.figure) else wording.change(difference)


def _difference(found: Answer | None, first: Answer | None) -> float | None:
    if not found or not first or found.value is None or first.value is None:
        return None
    return found.value - first.value


def _setting(value: object) -> str:
    if isinstance(value, Mapping):
        return str(value.get("kind", "set"))
    return wording.NOTHING if value is None else str(value)


def _charts(records: Sequence[Record], names: Sequence[str]) -> list[Chart]:
    """Learning curves of every task that at least two runs were trained on."""
    charts = []
    for task in dict.fromkeys(task for record in records for task in record.tasks):
        pairs = [(record, name) for record, name in zip(records, names, strict=True) if task in record.tasks]
        trained = [loss_curve(record, task, name) for record, name in pairs if record.steps]
        if len(trained) > 1:
            caption = f"Training loss of {task}, mean over an epoch, in each run."
            charts.append(figures.curves(f"loss-{task}", f"{task}: training loss", caption, trained))
        validated = [(record, name) for record, name in pairs if figure_name(record, task)]
        if len(validated) > 1:
            figure = figure_name(validated[0][0], task) or ""
            label = wording.label(figure) + (" in %" if wording.is_share(figure) else "")
            lines = [figure_curve(record, task, name) for record, name in validated]
            what = f"{wording.label(figure)} of {task}"
            caption = f"{what} on the validation split in each run; rings mark the models that are kept."
            charts.append(figures.curves(f"validation-{task}", f"{task}: {label}", caption, lines))
    return charts


def _parameters(record: Record) -> str:
    if record.start is None:
        return wording.NOTHING
    whole, trained = facts.num_parameters(record), facts.num_trained(record)
    return f"{whole:,}" if trained == whole else f"{whole:,}, {trained:,} of them trained"
