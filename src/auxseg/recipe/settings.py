"""Changes of single settings of a recipe, as ``--set key=value`` asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import yaml

from auxseg.arguments import plain, shown
from auxseg.errors import InputError, nearest
from auxseg.recipe.schema import settings_of_other_kinds
from auxseg.recipe.words import KEYS, MEANT, SECTIONS
from auxseg.strict_yaml import RefusedYAMLError, read_yaml

_LENGTHS: Final = ("training.steps", "training.epochs")


def change(values: dict[str, object], settings: Mapping[str, object] | Sequence[str], root: type) -> list[str]:
    """Change a recipe's plain values in place, by dotted keys or by a list of ``key=value`` in YAML; gives the keys.

    Another ``kind`` of something takes the settings with it that only the former kind has, unless they are among
    ``settings`` before it. ``root`` is the type that says which kinds there are. Raises `InputError`, naming the
    setting, also for one that would change nothing because there is no such task.
    """
    pairs = plain(settings, "settings") if isinstance(settings, Mapping) else _pairs(settings)
    _refuse_strange_tasks(values, list(pairs.items()))
    given: list[str] = []
    for key, value in pairs.items():
        _set(values, key, value, given, root)
        given.append(key)
    return given


def refuse_replaced(settings: Sequence[str]) -> None:
    """Raise `InputError` for one of these ``key=value`` that a later one replaces, and for what is none.

    For what a person gives at once, on a command line or in a file; `change` lets the last one count.
    """
    pairs = [_parse(setting) for setting in settings]
    for index, (key, value) in enumerate(pairs):
        for later, other in pairs[index + 1 :]:
            if later == key and other != value:
                raise InputError(f"--set {key} is given twice, as {value!r} and as {other!r}; give it once")
            if key.startswith(f"{later}."):
                raise InputError(f"--set {key} changes nothing, because {later} is given after it and replaces it")
            if key != later and {key, later} == set(_LENGTHS):
                raise InputError(f"--set {key} and {later} are both given, but a run has one length; give one of them")


def refuse_unknown_keys(settings: Sequence[str]) -> None:
    """Raise `InputError` for a ``key=value`` whose key is not one at the top two levels of a recipe.

    What stands deeper depends on kinds, and is refused when the recipe is read.
    """
    for setting in settings:
        key = setting.partition("=")[0]
        section, *others = key.split(".")
        if section not in SECTIONS:
            meant = MEANT.get(key.replace("-", "_"))
            hint = f" (did you mean {meant!r}?)" if meant and not others else nearest(section, SECTIONS)
            raise InputError(f"--set {key} is not a setting{hint}; `auxseg settings` lists all of them")
        known = KEYS.get(section)
        if others and known is not None and others[0] not in known:
            hint = nearest(others[0], known)
            raise InputError(f"--set {key} is not a setting{hint}; `auxseg settings {section}` lists those that exist")


def refuse_tasks_that_are_only_off(values: Mapping[str, object], origin: str) -> None:
    """Raise `InputError` for a recipe's task that is switched off, and that nothing else in it names."""
    tasks = values.get("tasks")
    if not isinstance(tasks, dict):
        return
    named = {text for key in ("balancer", "training") for text in _texts(values.get(key))}
    there = [name for name, task in tasks.items() if task is not False]
    for name, task in tasks.items():
        if task is False and name not in named:
            raise InputError(
                f"{origin}: tasks.{name} is off, but this recipe says nothing else of a task {name!r}"
                f"{nearest(name, there)}; leave the line out"
            )


def _texts(values: object) -> set[str]:
    """Every key and every text in nested values."""
    if isinstance(values, dict):
        return {*map(str, values), *(text for value in values.values() for text in _texts(value))}
    if isinstance(values, list):
        return {text for value in values for text in _texts(value)}
    return {values} if isinstance(values, str) else set()


def _pairs(settings: Sequence[str]) -> dict[str, object]:
    """Of a key that is given twice the last value counts, and takes its turn where it stands."""
    if not isinstance(settings, list | tuple) or not all(isinstance(setting, str) for setting in settings):
        raise InputError(
            'settings: expected a mapping of keys to values, or a list such as ["training.steps=600"], not '
            f"{shown(settings)}"
        )
    pairs: dict[str, object] = {}
    for key, value in map(_parse, settings):
        pairs.pop(key, None)
        pairs[key] = value
    return pairs


def _parse(setting: str) -> tuple[str, object]:
    key, equals, value = setting.partition("=")
    if not equals or not key:
        raise InputError(f"--set {setting}: expected key=value, such as training.steps=600")
    try:
        return key, read_yaml(value)
    except RefusedYAMLError as error:
        raise InputError(f"--set {setting}: {error}") from None
    except yaml.YAMLError:
        raise InputError(f"--set {setting}: the value is not YAML") from None


def _refuse_strange_tasks(values: Mapping[str, object], pairs: Sequence[tuple[str, object]]) -> None:
    tasks = values.get("tasks")
    known = set(tasks) if isinstance(tasks, dict) else set()
    known |= {key.split(".")[1] for key, value in pairs if _defines_task(key, value)}
    known |= {name for key, value in pairs if key == "tasks" and isinstance(value, dict) for name in value}
    off = {key.split(".")[1] for key, value in pairs if key.startswith("tasks.") and value is False}
    for key, value in pairs:
        section, _, rest = key.partition(".")
        name, *others = rest.split(".")
        if section == "tasks" and name and name not in known and (others or value is False):
            asked = "tasks." + name + ("=off" if value is False and not others else "." + ".".join(others))
            raise InputError(
                f"--set {asked}: the recipe has no task {name!r}{nearest(name, known)}; its tasks are "
                f"{', '.join(sorted(known))}"
            )
        if section == "balancer" and others and others[-1] in off:
            raise InputError(f"--set {key} changes nothing, because tasks.{others[-1]}=off leaves the task out")


def _defines_task(key: str, value: object) -> bool:
    parts = key.split(".")
    if parts[0] != "tasks":
        return False
    return (len(parts) == 2 and isinstance(value, dict)) or (len(parts) == 3 and parts[2] == "kind")


def _set(values: dict[str, object], key: str, value: object, given: Sequence[str], root: type) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        if values.get(parent) is None:  # where null stands for nothing, as in a recipe that was written back
            values[parent] = {}
        inner = values[parent]
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


def _exclude_length(training: dict[str, object], key: str) -> None:
    """Steps replace epochs and the other way round, so that one setting is enough to change a run's length."""
    other = {"steps": "epochs", "epochs": "steps"}.get(key)
    if other is not None:
        training.pop(other, None)
