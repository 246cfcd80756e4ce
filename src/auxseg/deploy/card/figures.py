"""The figures on a model card, with everything that they depend on."""

from __future__ import annotations

from typing import Final

from auxseg.counting import count
from auxseg.deploy.card.markdown import escaped, table
from auxseg.records.metrics import Metrics
from auxseg.report import wording
from auxseg.report.runs import facts
from auxseg.report.runs.interval import interval
from auxseg.report.runs.record import Record, main_figure

MOST_CLASSES: Final = 60
"""More than these are counted, not listed; config.json has them all."""


def figures(record: Record, metrics: Metrics | None) -> str:
    """What an evaluation of this very model found, or that there was none; ``metrics`` is ``None`` then."""
    if metrics is None:
        return "\n\n".join(["This model was not evaluated: there are no figures of a test split.", *_validated(record)])
    rows = [(task, name, _said(metrics, task, name)) for task, name in _chosen(metrics)]
    if (ends := interval(record)) and rows:
        first = rows[0][1]
        low, high = (wording.said(first, end) for end in ends)
        rows[0] = (*rows[0][:2], f"{rows[0][2]} (95 % interval over images: {low} to {high})")
    split = wording.split(metrics.split)
    twice = "each as it is and mirrored" if metrics.mirrored else "not mirrored"
    twice += ", outputs averaged over image and mirror image (--tta flip)" if metrics.tta != "none" else ""
    twice += f", {escaped(metrics.target)} at the original size of each image" if metrics.at == "original" else ""
    if (tiles := metrics.tiles) is not None:
        twice += f", by tiles of {tiles.size} x {tiles.size} pixels that overlap by {tiles.overlap:.0%}"
    data = metrics.data
    border = facts.BORDERS.get(data.border, f"border {escaped(data.border)}")
    caution = {
        "train": "The model was trained on this split, so these figures say little about other images.",
        "val": "The model was chosen on this split, so these figures are too good.",
    }.get(metrics.split)
    lines = [
        f"Measured on the {split} split of {escaped(data.name)}: {count(metrics.num_images, 'image')}, "
        f"{data.sizes() if data.smallest else data.size.in_pixels()}, {twice}; {border}.",
        table(("Task", "Figure", "Value"), [(task, wording.label(name), value) for task, name, value in rows]),
        *([caution] if caution else []),
        *_by_class(metrics),
    ]
    return "\n\n".join(lines)


def _chosen(metrics: Metrics) -> list[tuple[str, str]]:
    """Task and name of the target's first three figures, and of the first of every other task."""
    tasks = sorted(metrics.figures, key=lambda task: task != metrics.target)
    return [
        (task, name)
        for task in tasks
        for name in list(metrics.figures[task])[: 3 if task == metrics.target else 1]
        if not name.startswith("num_")
    ]


def _said(metrics: Metrics, task: str, name: str) -> str:
    figures = metrics.figures[task]
    if figures[name] is None and figures.get("num_images") == 0:
        return "not measured: no image of the split has this label"
    return wording.said(name, figures[name])


def _validated(record: Record) -> list[str]:
    found = main_figure(record.kept.figures, record.target) if record.kept else None
    if found is None:
        return []
    return [
        f"On the validation split, by which this model was chosen, {wording.label(found[0])} was "
        f"{wording.said(*found)}. Figures of other images are usually lower."
    ]


def _by_class(metrics: Metrics) -> list[str]:
    classes = metrics.classes.get(metrics.target, {})
    if not 2 < len(classes) <= MOST_CLASSES:
        return []
    rows = [(name, *map(wording.percent, (each.iou, each.precision, each.recall))) for name, each in classes.items()]
    return [table(("Class", "IoU", "Precision", "Recall"), rows)]
