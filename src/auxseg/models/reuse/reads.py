"""Tasks that read another task's output or decoder: whose each of them reads."""

from __future__ import annotations

from collections.abc import Mapping

from auxseg.errors import InputError
from auxseg.tasks.task import Dense, Of, Output, SideOutputs, Vector, form


def with_heads(outputs: Mapping[str, Output]) -> dict[str, Dense | Vector]:
    """The outputs for which a sharing scheme builds a head."""
    return {task: output for task, output in outputs.items() if not isinstance(output, Of | SideOutputs)}


def heads_read(outputs: Mapping[str, Output], target: str) -> dict[str, str]:
    """By task without a branch of its own, the task whose head it reads or, for side outputs, whose decoder.

    Raises `InputError` for one that is not there, has no head of its own either or gives another form of output, and
    for a target without a head.
    """
    if outputs and not with_heads(outputs):
        raise InputError(f"tasks: none of {', '.join(outputs)} has an output of its own, expected at least the target")
    reads: dict[str, str] = {}
    for task, output in outputs.items():
        if not isinstance(output, Of | SideOutputs):
            continue
        if task == target:
            raise InputError(f"target is {task!r}, which has no head of its own; choose a task that has one")
        head = target if output.task is None else output.task
        _refuse(task, head, output.form, outputs)
        reads[task] = head
    return reads


def _refuse(task: str, head: str, expected: Dense | Vector, outputs: Mapping[str, Output]) -> None:
    heads = with_heads(outputs)
    if head not in outputs:
        raise InputError(
            f"tasks.{task} reads the output of {head!r}, which is not a task of this recipe; the tasks with outputs of "
            f"their own are {', '.join(heads)}"
        )
    if head not in heads:
        raise InputError(
            f"tasks.{task} reads the output of {head!r}, which has none of its own either; the tasks with outputs of "
            f"their own are {', '.join(heads)}"
        )
    if _words(expected) != _words(form(outputs[head])):
        raise InputError(
            f"tasks.{task} reads the output of {head!r}, expected {_words(expected)}, found "
            f"{_words(form(outputs[head]))}; leave the task out by tasks.{task}=off"
        )


def _words(output: Dense | Vector) -> str:
    if isinstance(output, Dense):
        return f"a map of {output.channels} channels"
    return f"{output.size} numbers per image"
