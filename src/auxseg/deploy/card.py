"""The model card: what a model does, how well, on what it was measured, and what it must not be trusted with."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Iterable, Sequence
from typing import Final

from auxseg.counting import count
from auxseg.deploy.front_matter import front_matter, origin_licence
from auxseg.records.metrics import Metrics
from auxseg.records.names import MODEL_FILE
from auxseg.report import wording
from auxseg.report.runs import facts
from auxseg.report.runs.interval import interval
from auxseg.report.runs.record import Record, main_figure
from auxseg.run.packed.description import Description, TaskFacts

FEW_IMAGES: Final = 200
"""Below so many images a card warns of chance."""
MOST_CLASSES: Final = 60
"""More than these are counted, not listed; config.json has them all."""
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]#|~])")
_ANSWERS: Final = {
    "mask": "a mask of class ids",
    "classes": "the probability of each class",
    "box": "a box in pixels of the image",
    "map": "a number for every pixel",
    "vector": "numbers about the whole image",
}


def card(record: Record, description: Description, name: str) -> str:
    """A model card in Markdown with metadata in YAML, for a model of this ``name``.

    It holds no path of the machine that the model was trained on. Names of classes and data are outside text: nothing
    in them is markup.
    """
    name, metrics = _plain(name), record.metrics
    if metrics is not None and metrics.checkpoint_step != description.step:
        metrics = None  # of another model than the one that is packed
    parts = [
        front_matter(name, metrics, origin_licence(record.start)),
        f"# {_escaped(name)}",
        _summary(record, description),
        *_section("How to use it", _usage(name)),
        *_section("How good it is", _figures(record, metrics)),
        *_section("What it was trained on", _training(record, description)),
        *_section("What it takes", _input(description)),
        *_section("What it says", _tasks(description)),
        *_section("Licence and origin of the weights", _origin(record)),
        *_section("Limits", _limits(record, metrics, description)),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _section(title: str, text: str) -> tuple[str, str]:
    return f"## {title}", text


def _summary(record: Record, description: Description) -> str:
    others = [_escaped(task) for task in description.tasks if task != description.target]
    besides = f", trained together with {wording.listed(others, len(others))}" if others else ""
    state = (
        ""
        if record.end
        else (
            f" The training had not ended when this model was packed"
            f"{f' ({record.num_planned:,} steps were planned)' if record.num_planned else ''}."
        )
    )
    return (
        f"A network for {_escaped(description.target)} with {count(description.weights.parameters, 'parameter')}"
        f"{besides}, by auxseg {_escaped(description.auxseg_version)}. The weights are those of step "
        f"{description.step:,}.{state}"
    )


def _usage(name: str) -> str:
    return "\n".join(
        [
            "With this directory, or with `hf://OWNER/NAME` of a model on the Hub in its place:",
            "",
            "```python",
            "import auxseg",
            "",
            f"model = auxseg.load({json.dumps(name)})",
            'print(model.predict("photo.jpg").masks)',
            "```",
            "",
            "```sh",
            f"auxseg predict {shlex.quote(name)} photos --out masks",
            "```",
        ]
    )


def _figures(record: Record, metrics: Metrics | None) -> str:
    if metrics is None:
        return "\n\n".join(["This model was not evaluated: there are no figures of a test split.", *_validated(record)])
    rows = [(task, name, _said(metrics, task, name)) for task, name in _chosen(metrics)]
    if (ends := interval(record)) and rows:
        first = rows[0][1]
        low, high = (wording.said(first, end) for end in ends)
        rows[0] = (*rows[0][:2], f"{rows[0][2]} (95 % interval over images: {low} to {high})")
    split = wording.split(metrics.split)
    twice = "each as it is and mirrored" if metrics.mirrored else "not mirrored"
    data = metrics.data
    border = facts.BORDERS.get(data.border, f"border {_escaped(data.border)}")
    caution = {
        "train": "The model was trained on this split, so these figures say little about other images.",
        "val": "The model was chosen on this split, so these figures are too good.",
    }.get(metrics.split)
    lines = [
        f"Measured on the {split} split of {_escaped(data.name)}: {count(metrics.num_images, 'image')}, {data.size} x "
        f"{data.size} pixels, {twice}; {border}.",
        _table(("Task", "Figure", "Value"), [(task, wording.label(name), value) for task, name, value in rows]),
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
    return [_table(("Class", "IoU", "Precision", "Recall"), rows)]


def _training(record: Record, description: Description) -> str:
    start, data = record.start, description.data
    rows = list(facts.data_facts(start.data)) if start else []
    if data.content_hash:
        rows.append(("Content hash", data.content_hash))
    labelled = data.labelled or {}
    rows += [(f"Training images with a label for {task}", f"{number:,}") for task, number in labelled.items()]
    return _table(("", ""), rows) if rows else "The run does not say."


def _input(description: Description) -> str:
    steps = [f"{number}. {step}" for number, step in enumerate(description.preparation, start=1)]
    return "\n".join(["`auxseg` does all of this by itself:", "", *steps])


def _tasks(description: Description) -> str:
    labelled = description.data.labelled or {}
    rows = [
        (name, task.kind, _says(task, description, is_trained=labelled.get(name) != 0))
        for name, task in description.tasks.items()
    ]
    return _table(("Task", "Kind", "Answer"), rows)


def _says(task: TaskFacts, description: Description, *, is_trained: bool) -> str:
    said = " and ".join(_ANSWERS[answer] for answer in task.answers if answer in _ANSWERS)
    if not said:
        return f"nothing: it {'only helped in training' if is_trained else 'had no label to learn from'}"
    names = [each.name for each in description.classes] if "mask" in task.answers else list(task.classes)
    return f"{said}: {_names(names)}" if names else said


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= MOST_CLASSES else f"{len(names)} classes, listed in config.json"


def _origin(record: Record) -> str:
    weights = record.start.weights if record.start else {}
    rows = [(part, "random, trained from scratch" if text == "random" else text) for part, text in weights.items()]
    lines = [_table(("Part", "Weights before training"), rows)] if rows else []
    if all(text == "random" for text in weights.values()) and weights:
        lines.append(
            "No weights of others are in this model. Its licence is for its authors to choose: add a line `license:` "
            "to the metadata at the top of this file."
        )
    elif origin_licence(record.start) is None:
        lines.append(
            "The licence of the pretrained weights is not recorded. Look it up where they are from before you pass "
            "this model on."
        )
    else:
        lines.append(
            "The licence is that of the pretrained weights. The training data may add conditions of their own."
        )
    return "\n\n".join(lines)


def _limits(record: Record, metrics: Metrics | None, description: Description) -> str:
    size = description.input.size
    lines = [
        f"It was trained on images of {size} x {size} pixels. Details that vanish at this size are not found.",
        "It has learned what its training images show. On images of another kind, measure it first: "
        "`auxseg evaluate` takes this directory with `--data`.",
    ]
    if record.start and record.start.untrained:
        lines.append(f"Not trained, for lack of labels: {_names([_escaped(name) for name in record.start.untrained])}.")
    if metrics is not None and metrics.num_images < FEW_IMAGES:
        lines.append(f"Its figures rest on {count(metrics.num_images, 'image')}, so chance weighs much.")
    if metrics is not None and metrics.data.content_hash != description.data.content_hash:
        lines.append("Its figures are of other data than it was trained on.")
    lines.append(f"`{MODEL_FILE}` holds numbers and texts only: loading it runs no code.")
    return "\n".join(f"- {line}" for line in lines)


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *([_escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(text: str) -> str:
    """Outside text as Markdown that shows it."""
    return _MARKUP.sub(r"\\\1", html.escape(_plain(text), quote=False))


def _plain(text: str) -> str:
    """Outside text on one line, not too long, as UTF-8 holds it and without what steers a terminal."""
    return " ".join(wording.plain(text).split())[:300].encode("utf-8", "replace").decode()
