"""Tasks that a recipe switches off, as ``--set tasks.box=off`` asks for it (false, in YAML)."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from auxseg.errors import InputError


def without_tasks_that_are_off(values: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """A recipe's plain values without these tasks, their weights and their names in the phases.

    A phase that has no other task goes with them. Raises `InputError`, naming ``origin``, if the target is off.
    """
    values = copy.deepcopy(dict(values))
    tasks = values.get("tasks")
    if not isinstance(tasks, dict):
        return values
    off = [name for name, task in tasks.items() if task is False]
    target = values.get("target")
    if isinstance(target, str) and target in off:
        raise InputError(
            f"{origin}: tasks.{target} is off, but {target} is the target; leave it on, or name another task as target"
        )
    values["tasks"] = {name: task for name, task in tasks.items() if name not in off}
    balancer = values.get("balancer")
    for by_task in balancer.values() if isinstance(balancer, dict) else ():
        if isinstance(by_task, dict):
            for name in off:
                by_task.pop(name, None)
    training = values.get("training")
    if isinstance(training, dict) and isinstance(training.get("phases"), list):
        training["phases"] = [phase for phase in training["phases"] if not _is_off(phase, off)]
        for phase in training["phases"]:
            _leave_out(phase, off)
    return values


def _is_off(phase: object, off: Collection[str]) -> bool:
    tasks = phase.get("tasks") if isinstance(phase, dict) else None
    return isinstance(tasks, list) and bool(tasks) and all(name in off for name in tasks)


def _leave_out(phase: object, off: Collection[str]) -> None:
    """Take the names out of a phase; parts of which none is left stay, to be refused by their names."""
    for key in ("tasks", "train"):
        if isinstance(phase, dict) and isinstance(phase.get(key), list):
            phase[key] = [name for name in phase[key] if name not in off] or phase[key]
