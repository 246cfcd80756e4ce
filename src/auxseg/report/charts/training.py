"""Which charts a run has, and what they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from auxseg.counting import count
from auxseg.report import wording
from auxseg.report.charts import drawing as figures
from auxseg.report.charts.drawing import Chart, Curve
from auxseg.report.runs.record import Record, main_figure

_MAX_CLASSES: Final = 1000
"""A confusion matrix of more classes could not be read."""


def figure_name(record: Record, task: str) -> str | None:
    """The name of the figure by which a task is validated, ``None`` before the first validation."""
    found = main_figure(record.validations[0].figures, task) if record.validations else None
    return found and found[0]


def figure_curve(record: Record, task: str, label: str) -> Curve:
    """A task's main figure at every validation."""
    found = [main_figure(event.figures, task) for event in record.validations]
    steps = [event.step for event in record.validations]
    kept = record.kept.step if record.kept else None
    values = [pair and _drawn(*pair) for pair in found]
    return Curve(label, steps, values, dots=True, kept=kept)


def _drawn(name: str, value: float | None) -> float | None:
    """Shares are drawn in percent."""
    return 100 * value if value is not None and wording.is_share(name) else value


def loss_curve(record: Record, task: str, label: str) -> Curve:
    """A task's training loss, averaged over the epoch that ends at each step."""
    losses = [event.losses.get(task) for event in record.steps]
    steps = [event.step for event in record.steps]
    return Curve(label, steps, figures.smooth(losses, record.steps_per_epoch) if steps else [])


def learning(record: Record, task: str) -> Iterator[Chart]:
    """The loss of a task while it was trained, and its main figure on the validation split."""
    steps = [event.step for event in record.validations]
    validation = Curve("validation", steps, [event.losses.get(task) for event in record.validations], dots=True)
    training = loss_curve(record, task, "training, mean over an epoch")
    lines = [line for line in (training, validation) if any(value is not None for value in line.values)]
    if lines:
        yield figures.curves(f"loss-{task}", f"{task}: loss", f"Loss of {task} over training steps.", lines)
    if figure := figure_name(record, task):
        yield validation_chart(record, task, figure)


def validation_chart(record: Record, task: str, figure: str) -> Chart:
    """A task's main figure on the validation split, with the model that is kept."""
    line, kept = figure_curve(record, task, "validation"), record.kept and main_figure(record.kept.figures, task)
    note = f"{wording.said(*kept)} at step {line.kept:,}" if kept and line.kept is not None else ""
    percent = " in %" if wording.is_share(figure) and not note else ""  # the note says it, and needs the place
    label = wording.label(figure)
    caption = f"{label} of {task} on the validation split; the ring marks the model that is kept."
    return figures.curves(f"validation-{task}", f"{task}: {label}{percent}", caption, [line], note)


def distribution(record: Record) -> Iterator[Chart]:
    """How the target's figure spreads over single images: its first column that holds numbers."""
    if record.metrics is None:
        return
    split = wording.split(record.metrics.split)
    for name, cells in record.table.numbers.items():
        values = [value for value in cells if value is not None]
        task, _, figure = name.partition(".")
        if task == record.target and values:
            images = count(len(values), f"{split} image")
            caption = f"How {figure} of {task} spreads over the {images}."
            yield figures.histogram("distribution", f"{task}: {figure} per image", caption, values)
            return


def confusions(record: Record) -> Iterator[Chart]:
    """Confusion matrices of the tasks that have one."""
    for name, table in (record.metrics.tables if record.metrics else {}).items():
        numbers = "; numbers are percent of the row" if figures.in_percent(table.counts) else ""
        caption = f"{name}: rows are the truth, columns the prediction, shaded by the share of the row{numbers}."
        if 0 < len(table.names) <= _MAX_CLASSES:
            yield figures.confusion(name.replace(".", "-"), caption, table.names, table.counts)


def _fallbacks(record: Record) -> str:
    """A sentence on the steps in which a balancer found no answer, if there are any."""
    number = record.events.num_fallbacks
    if not number:
        return ""
    return f" In {count(number, 'step')} the balancer found no answer and followed the mean of the gradients."


def loss_weights(record: Record) -> tuple[str, list[Chart]]:
    """The loss weights in a line if they never change, else as a chart of their means over epochs.

    A task has no weight in a step without its label.
    """
    steps = [step.step for step in record.steps]
    tasks = list(dict.fromkeys(task for step in record.steps for task in step.weights))
    values = {task: [step.weights.get(task) for step in record.steps] for task in tasks}
    distinct = {task: {value for value in given if value is not None} for task, given in values.items()}
    distinct = {task: given for task, given in distinct.items() if given}
    fallbacks = _fallbacks(record)
    if not fallbacks and all(len(given) == 1 for given in distinct.values()):
        return ", ".join(f"{task} {value:.4g}" for task, (value,) in distinct.items()), []
    lines = [Curve(task, steps, figures.smooth(values[task], record.steps_per_epoch)) for task in distinct]
    caption = f"How the losses were weighted, averaged over the epoch that ends at each step.{fallbacks}"
    return "", [figures.curves("weights", "weight of each loss", caption, lines)]
