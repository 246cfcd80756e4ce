"""Changes of single settings of a recipe, as ``--set key=value`` asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from auxseg.errors import InputError
from auxseg.recipe_schema import settings_of_other_kinds
from auxseg.recipe_yaml import DuplicateKeyError, read_yaml


def change(values: dict[str, Any], settings: Mapping[str, Any] | Sequence[str], root: type) -> None:
    """Change a recipe's plain values in place, by dotted keys or by a list of ``key=value`` in YAML.

    Another ``kind`` of something takes the settings with it that only the former kind has, unless they are among
    ``settings`` before it. ``root`` is the type that says which kinds there are. Raises `InputError`, naming the
    setting.
    """
    pairs = settings if isinstance(settings, Mapping) else _pairs(settings)
    given: list[str] = []
    for key, value in pairs.items():
        _set(values, key, value, given, root)
        given.append(key)


def _pairs(settings: Sequence[str]) -> dict[str, Any]:
    """Of a key that is given twice the last value counts, and takes its turn where it stands."""
    pairs: dict[str, Any] = {}
    for key, value in map(_parse, settings):
        pairs.pop(key, None)
        pairs[key] = value
    return pairs


def _parse(setting: str) -> tuple[str, Any]:
    key, equals, value = setting.partition("=")
    if not equals or not key:
        raise InputError(f"--set {setting}: expected key=value, such as training.steps=600")
    try:
        return key, read_yaml(value)
    except DuplicateKeyError as error:
        raise InputError(f"--set {setting}: {error}") from None
    except yaml.YAMLError:
        raise InputError(f"--set {setting}: the value is not YAML") from None


def _set(values: dict[str, Any], key: str, value: Any, given: Sequence[str], root: type) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        inner = values.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise InputError(f"--set {key}: {parent} is a single value in this recipe and has no settings")
        values = inner
    _exclude_length(values, last)
    if last == "kind" and values.get(last) != value:
        for name in settings_of_other_kinds(root, parents, value):
            setting = ".".join([*parents, name])
            if not any(each == setting or each.startswith(f"{setting}.") for each in given):
                values.pop(name, None)
    values[last] = value


def _exclude_length(training: dict[str, Any], key: str) -> None:
    """Steps replace epochs and the other way round, so that one setting is enough to change a run's length."""
    other = {"steps": "epochs", "epochs": "steps"}.get(key)
    if other is not None:
        training.pop(other, None)
