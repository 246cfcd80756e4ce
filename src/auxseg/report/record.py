"""What the files of a run directory say, read once and asked many times."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, final

import yaml

from auxseg.errors import InputError

Figures = Mapping[str, Mapping[str, float | None]]
"""Figures of merit by task and name; the first figure of a task is the one it is judged by."""


@final
@dataclass(frozen=True)
class Record:
    """A run as its files tell it. Whatever has not been written yet is empty.

    Attributes:
        path: the run directory.
        recipe_text: recipe.yaml as it stands.
        recipe: the same, parsed.
        events: the lines of events.jsonl.
        metrics: metrics.json, empty before the first evaluation.
        columns: per_image.csv by column, ``None`` where a value is missing; the ``id`` column is left out.
        inspection: inspection.json, empty where there is nothing to inspect.
        examples: examples.json; it, the inspection and the columns are empty without metrics.json, which says what they
            belong to.
    """

    path: Path
    recipe_text: str
    recipe: dict[str, Any]
    events: list[dict[str, Any]]
    metrics: dict[str, Any]
    columns: dict[str, list[float | None]]
    examples: list[dict[str, Any]]
    inspection: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def start(self) -> dict[str, Any]:
        """The event that began the training."""
        return next(iter(self.of("start")), {})

    @cached_property
    def end(self) -> dict[str, Any]:
        """The event that ended the training, empty while it goes on."""
        return next(iter(self.of("end")), {})

    @cached_property
    def steps(self) -> list[dict[str, Any]]:
        """Every optimiser step."""
        return self.of("step")

    @cached_property
    def validations(self) -> list[dict[str, Any]]:
        """Every look at the validation split."""
        return self.of("validation")

    @cached_property
    def best(self) -> dict[str, Any]:
        """The validation whose checkpoint was kept as the best, empty before there is one."""
        return next((event for event in reversed(self.validations) if event.get("best")), {})

    @cached_property
    def data(self) -> dict[str, Any]:
        """What the run was measured on, or trained on if it was not measured yet."""
        return self.metrics.get("data") or self.start.get("data") or {}

    @cached_property
    def figures(self) -> Figures:
        """The figures as they were evaluated, else those of the best validation."""
        return self.metrics.get("figures") or self.best.get("figures") or {}

    @cached_property
    def num_planned(self) -> int:
        """How many steps the training is to take, as it was last asked to."""
        return [*self.of("start"), *self.of("resume")][-1]["steps"]

    @cached_property
    def target(self) -> str:
        """The name of the task that the run is judged by."""
        return self.recipe["target"]

    @cached_property
    def tasks(self) -> list[str]:
        """The names of the tasks that take part, the target first."""
        names = [name for name, settings in self.recipe["tasks"].items() if settings]
        return sorted(names, key=lambda name: name != self.target)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """All events of one kind, in order."""
        return [event for event in self.events if event["event"] == kind]


def main_figure(figures: Figures, task: str) -> tuple[str, float | None] | None:
    """Name and value of the figure that a task is judged by: the first it names. ``None`` if it names none."""
    return next(iter(figures.get(task, {}).items()), None)


def read_record(path: Path) -> Record:
    """Read a run directory; raises InputError if it is none, or if a file in it cannot be understood."""
    if not (path / "recipe.yaml").is_file():
        raise InputError(f"{path} is no run directory: expected a recipe.yaml in it, found none")
    recipe_text = (path / "recipe.yaml").read_text(encoding="utf-8")
    metrics = _read_json(path / "metrics.json", {})
    return Record(
        path=path,
        recipe_text=recipe_text,
        recipe=_parse_recipe(recipe_text, path / "recipe.yaml"),
        events=_read_events(path / "events.jsonl"),
        metrics=metrics,
        columns=_read_columns(path / "per_image.csv") if metrics else {},
        examples=_read_json(path / "examples.json", []) if metrics else [],
        inspection=_read_json(path / "inspection.json", {}) if metrics else {},
    )


def _parse_recipe(text: str, path: Path) -> dict[str, Any]:
    try:
        recipe = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{path}: expected a recipe in YAML, found text that is not ({error})") from error
    if not isinstance(recipe, dict) or not {"tasks", "target"} <= recipe.keys():
        raise InputError(f"{path}: expected a recipe with the keys tasks and target, found {text[:40]!r}")
    return recipe


def _read_events(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    # What follows the last line break was cut off by a kill, or is being written right now.
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [_parse(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1)]


def _read_json(path: Path, missing: Any) -> Any:
    return _parse(path.read_text(encoding="utf-8"), str(path)) if path.is_file() else missing


def _parse(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{place}: expected JSON, found {text[:40]!r} ({error.msg})") from error


def _read_columns(path: Path) -> dict[str, list[float | None]]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in (rows[0] if rows else {}) if name != "id"]
    return {name: [_number(row[name]) for row in rows] for name in names}


def _number(text: str) -> float | None:
    """The number a cell holds, true and false as 1 and 0; anything else has no place in a histogram."""
    if text in ("True", "False"):
        return float(text == "True")
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
