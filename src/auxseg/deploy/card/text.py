"""The model card: what a model does, how well, on what it was measured, and what it must not be trusted with."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from auxseg.counting import count
from auxseg.deploy.card.figures import MOST_CLASSES, figures
from auxseg.deploy.card.front_matter import front_matter, origin_licence
from auxseg.deploy.card.markdown import escaped, plain, table
from auxseg.records.metrics import Metrics
from auxseg.records.names import MODEL_FILE
from auxseg.report import wording
from auxseg.report.runs import facts
from auxseg.report.runs.record import Record
from auxseg.run.packed.description import Description, TaskFacts

FEW_IMAGES: Final = 200
"""Below so many images a card warns of chance."""
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
    name, metrics = plain(name), record.metrics
    if metrics is not None and metrics.checkpoint_step != description.step:
        metrics = None  # of another model than the one that is packed
    parts = [
        front_matter(name, metrics, origin_licence(record.start)),
        f"# {escaped(name)}",
        _summary(record, description),
        *_section("How to use it", _usage(name)),
        *_section("How good it is", figures(record, metrics)),
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
    others = [escaped(task) for task in description.tasks if task != description.target]
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
        f"A network for {escaped(description.target)}{besides}, by auxseg {escaped(description.auxseg_version)}: "
        f"{_architecture(record)}{count(description.weights.parameters, 'parameter')}. The weights are those of step "
        f"{description.step:,}.{state}"
    )


def _architecture(record: Record) -> str:
    """The parts of the network by name, as far as the recipe says."""
    model = record.recipe.settings.get("model")
    said: list[str] = []
    for part in ("encoder", "decoder", "sharing"):
        settings = model.get(part) if isinstance(model, Mapping) else None
        name = settings.get("name", settings.get("kind")) if isinstance(settings, Mapping) else None
        said += [f"{part} {escaped(str(name))}, "] if name and not (part == "sharing" and name == "hard") else []
    return "".join(said)


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


def _training(record: Record, description: Description) -> str:
    start, data = record.start, description.data
    rows = list(facts.data_facts(start.data)) if start else []
    if data.content_hash:
        rows.append(("Content hash", data.content_hash))
    labelled = data.labelled or {}
    rows += [(f"Training images with a label for {task}", f"{number:,}") for task, number in labelled.items()]
    return table(("", ""), rows) if rows else "The run does not say."


def _input(description: Description) -> str:
    steps = [f"{number}. {step}" for number, step in enumerate(description.preparation, start=1)]
    return "\n".join(["`auxseg` does all of this by itself:", "", *steps])


def _tasks(description: Description) -> str:
    labelled = description.data.labelled or {}
    rows = [
        (name, task.kind, _says(task, description, is_trained=labelled.get(name) != 0))
        for name, task in description.tasks.items()
    ]
    return table(("Task", "Kind", "Answer"), rows)


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
    lines = [table(("Part", "Weights before training"), rows)] if rows else []
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
    size = description.input.size.in_pixels()
    lines = [
        f"It was trained on images of {size}. Details that vanish at this size are not found.",
        "It has learned what its training images show. On images of another kind, measure it first: "
        "`auxseg evaluate` takes this directory with `--data`.",
    ]
    if record.start and record.start.untrained:
        lines.append(f"Not trained, for lack of labels: {_names([escaped(name) for name in record.start.untrained])}.")
    if metrics is not None and metrics.num_images < FEW_IMAGES:
        lines.append(f"Its figures rest on {count(metrics.num_images, 'image')}, so chance weighs much.")
    if metrics is not None and metrics.data.content_hash != description.data.content_hash:
        lines.append("Its figures are of other data than it was trained on.")
    lines.append(f"`{MODEL_FILE}` holds numbers and texts only: loading it runs no code.")
    return "\n".join(f"- {line}" for line in lines)
