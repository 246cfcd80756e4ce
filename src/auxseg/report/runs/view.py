"""One run as the page shows it: numbers turned into words, tables and charts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from auxseg.counting import count
from auxseg.report import wording
from auxseg.report.charts import training as charts
from auxseg.report.charts.drawing import Chart
from auxseg.report.runs import facts
from auxseg.report.runs.facts import Facts
from auxseg.report.runs.first_screen import FirstScreen, first_screen, unlabelled
from auxseg.report.runs.gradients import Agreement, agreement
from auxseg.report.runs.lost_classes import lost_sentence, lost_shares
from auxseg.report.runs.pictures import Picture, attention, galleries
from auxseg.report.runs.record import Record


@final
@dataclass(frozen=True)
class FigureTable:
    """A task's figures: name, value on the evaluated split, value at the kept model's validation, meaning."""

    task: str
    rows: list[tuple[str, str, str, str]]


@final
@dataclass(frozen=True)
class ClassTable:
    """A task's figures by class: IoU, precision, recall, true and predicted pixels.

    And which classes vanish, unless the task is the target, of which the first screen says it.
    """

    task: str
    vanished: str
    rows: list[tuple[str, list[str]]]


@final
@dataclass(frozen=True)
class MixingMatrix:
    """How much of every task's features (columns) each task (rows) takes at one place."""

    place: str
    tasks: list[str]
    rows: list[tuple[str, list[str]]]


@final
@dataclass(frozen=True)
class RunView:
    """Everything the page says of a run, in the order of the page; empty where there is nothing to say yet."""

    name: str
    target: str
    first: FirstScreen
    remarks: list[str]
    data: Facts
    evaluated: str
    is_mirrored: bool
    tables: list[FigureTable]
    classes: list[ClassTable]
    learning: list[Chart]
    galleries: list[tuple[str, list[Picture]]]
    attention: list[tuple[str, list[tuple[str, str | None]]]]
    matrices: list[MixingMatrix]
    spread: list[Chart]
    time: Facts
    calibration: list[tuple[str, str, bool]]
    parameters: list[tuple[str, int, float]]
    without_head: str
    weights: str
    balance: list[Chart]
    agreement: Agreement | None
    recipe: str
    provenance: Facts

    @property
    def charts(self) -> list[Chart]:
        """All charts of the run."""
        agreed = self.agreement.charts if self.agreement else []
        first = [self.first.curve] if self.first.curve else []
        return [*first, *self.learning, *self.spread, *self.balance, *agreed]


def view_run(record: Record, name: str) -> RunView:
    """Turn a run's record into what the page says of it."""
    weights, balance = charts.loss_weights(record)
    return RunView(
        name=name,
        target=record.target,
        first=first_screen(record, _status(record)),
        remarks=_remarks(record),
        data=facts.data(record),
        evaluated=wording.split(record.metrics.split) if record.metrics else "",
        is_mirrored=record.metrics is not None and record.metrics.mirrored,
        tables=_tables(record),
        classes=_class_tables(record),
        learning=list(_learning(record)),
        galleries=galleries(record),
        attention=attention(record),
        matrices=_matrices(record),
        spread=[*charts.distribution(record), *charts.confusions(record)],
        time=facts.time_and_memory(record),
        calibration=facts.calibration(record),
        parameters=facts.parameters(record),
        without_head=facts.without_head(record),
        weights=weights,
        balance=balance,
        agreement=agreement(record),
        recipe=record.recipe.text,
        provenance=facts.provenance(record),
    )


def _learning(record: Record) -> Iterator[Chart]:
    """All curves but the one on the first screen."""
    for task in record.tasks:
        for chart in charts.learning(record, task):
            if chart.name != f"validation-{record.target}":
                yield chart


def _status(record: Record) -> str:
    if not record.steps:
        return "Training has not begun."
    done = record.steps[-1].step
    if not record.end:
        planned = "" if record.num_planned is None else f" of {record.num_planned:,}"
        return f"Training is not finished: {done:,}{planned} steps are done."
    if record.end.reason == "finished":
        return f"Training finished after {count(done, 'step')}."
    return f"Training ended after {count(done, 'step')}: {record.end.reason}."


def _remarks(record: Record) -> list[str]:
    """What a reader must know before believing the figures."""
    remarks = [record.events.loss] if record.events.loss else []
    if lost := _lost(record):
        remarks.append(lost)
    if not record.metrics:
        if record.kept:
            remarks.append(
                "Not evaluated yet. The model was chosen by these validation figures, so they are optimistic."
            )
        return remarks
    if record.metrics.split == "train":
        remarks.append("The model was trained on these images. They say nothing of how it does on others.")
    if record.metrics.split == "val":
        remarks.append("The model was chosen by these validation images, so the figures are optimistic.")
    figures = record.figures.get(record.target, {})
    figure, value = next(iter(figures.items()), ("", 0.0))
    if value is None:
        remarks.append(wording.undefined(figure, figures))
    if record.kept is not None and record.is_outdated:
        remarks.append(
            f"The evaluation belongs to the model of step {record.metrics.checkpoint_step:,}; the run now keeps that "
            f"of step {record.kept.step:,}. Evaluate again to measure it."
        )
    if record.start is not None and record.start.data.content_hash != record.metrics.data.content_hash:
        remarks.append("The run was evaluated on different data from those it was trained on.")
    return remarks


def _lost(record: Record) -> str:
    """Which classes of the target were not found on the split that the first figure is of."""
    if record.metrics:
        lost = lost_shares(record.metrics.classes.get(record.target, {}))
    else:
        lost = record.kept.lost if record.kept else {}
    return lost_sentence(lost, record.recipe.settings, record.target)


def _tables(record: Record) -> list[FigureTable]:
    tables = []
    for task in record.tasks:
        if task in unlabelled(record):
            continue
        measured = record.metrics.figures.get(task, {}) if record.metrics else {}
        validated = record.kept.figures.get(task, {}) if record.kept else {}
        explain = record.metrics.explain.get(task, {}) if record.metrics else {}
        rows = [
            (
                name,
                wording.said(name, measured.get(name)),
                wording.said(name, validated.get(name)),
                explain.get(name, ""),
            )
            for name in dict.fromkeys([*measured, *validated])
        ]
        tables += [FigureTable(task, rows)] if rows else []
    return tables


def _class_tables(record: Record) -> list[ClassTable]:
    tables = []
    for task, classes in (record.metrics.classes if record.metrics else {}).items():
        rows = [
            (
                name,
                [wording.percent(value) for value in (each.iou, each.precision, each.recall)]
                + [f"{number:,}" for number in (each.pixels, each.predicted_pixels)],
            )
            for name, each in classes.items()
        ]
        lost = lost_sentence(lost_shares(classes), record.recipe.settings, task)
        tables.append(ClassTable(task, lost if task != record.target else "", rows))
    return tables


def _matrices(record: Record) -> list[MixingMatrix]:
    tasks = list(record.inspection.tasks)
    matrices = []
    for place, values in record.inspection.matrices.items():
        rows = [(task, [f"{share:.3f}" for share in row]) for task, row in zip(tasks, values, strict=True)]
        matrices.append(MixingMatrix(place, tasks, rows))
    return matrices
