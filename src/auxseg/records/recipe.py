"""recipe.yaml of a run, as far as it is shown: its text, its settings, and which tasks take part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import yaml
from pydantic import JsonValue, TypeAdapter, ValidationError

from auxseg.errors import InputError
from auxseg.records.names import RECIPE_FILE
from auxseg.records.values.reading import read_text
from auxseg.strict_yaml import read_yaml

_MAX_BYTES: Final = 2**20
_SETTINGS: Final = TypeAdapter(dict[str, JsonValue])


@final
@dataclass(frozen=True)
class RecipeFile:
    """A resolved recipe: its text, the settings in it, the target, and all tasks that take part, the target first."""

    text: str
    settings: Mapping[str, object]
    target: str
    tasks: tuple[str, ...]


def read_recipe(run: Path) -> RecipeFile:
    """Read a run's recipe.yaml. Raises `InputError` if there is none or it is no recipe."""
    path = run / RECIPE_FILE
    if not path.is_file():
        raise InputError(f"{run} is not a run directory: expected a {RECIPE_FILE} in it, found none")
    text = read_text(path, max_bytes=_MAX_BYTES)
    try:
        found = read_yaml(text)
        settings = _SETTINGS.validate_python(found if isinstance(found, dict) else {}, strict=True)
    except (yaml.YAMLError, ValidationError) as error:
        raise InputError(f"{path}: expected a recipe in YAML, found {text[:40]!a} ({_reason(error)})") from None
    target, tasks = settings.get("target"), settings.get("tasks")
    if not isinstance(target, str) or not isinstance(tasks, dict):
        raise InputError(f"{path}: expected a recipe with the keys tasks and target, found {text[:40]!a}")
    names = [name for name, values in tasks.items() if values]
    return RecipeFile(text, settings, target, tuple(sorted(names, key=lambda name: name != target)))


def _reason(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem} at line {error.problem_mark.line + 1}"
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(part)[:40] for part in first['loc'])}: {first['msg'][0].lower()}{first['msg'][1:]}"
    return str(error).splitlines()[0][:80]
