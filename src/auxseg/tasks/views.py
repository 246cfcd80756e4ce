"""The pictures that tasks look at; tasks with the same view share one forward pass.

A view that changes the picture is a task's own (``view: own``), and then costs a forward pass of its own, or it is
shared (``view: shared``): every task of the recipe then sees the changed picture.
"""

from __future__ import annotations

from collections.abc import Iterable

from auxseg.errors import InputError
from auxseg.tasks.task import IMAGE, Dense, Task, View, ViewChoice, form


def by_view(tasks: Iterable[Task]) -> dict[View, list[str]]:
    """The names of the tasks that share each view, in their order. The target's view is the first one."""
    tasks = list(tasks)
    views: dict[View, list[str]] = {task.view: [] for task in sorted(tasks, key=lambda task: not task.is_target)}
    for task in tasks:
        views[task.view].append(task.name)
    return views


def shared_view(tasks: Iterable[Task]) -> View | None:
    """The view of the one task that shares it with every other task, ``None`` if there is no such task.

    Raises `InputError` if two tasks share their views, or another task cannot do without a picture of its own.
    """
    tasks = list(tasks)
    sharing = [task for task in tasks if task.shares_view]
    if not sharing:
        return None
    first, *others = sharing
    if others:
        raise InputError(
            f"tasks.{others[0].name}.view is shared, and so is tasks.{first.name}.view; the tasks of a recipe can "
            "share only one picture; set one of them to own"
        )
    for task in tasks:
        if task is not first and task.view != IMAGE:
            raise InputError(
                f"tasks.{first.name}.view is shared, but {task.name} needs its own picture; set "
                f"tasks.{first.name}.view to own or leave {task.name} out"
            )
    return first.view


def untiled(task: Task) -> str:
    """Why a task is not answered tile by tile, as a clause; empty if it is."""
    if not isinstance(form(task.output), Dense):
        return f"the target {task.name} says one thing of a whole image, which tiles cannot"
    return f"the target {task.name} sees a picture that is changed as a whole" if task.view != IMAGE else ""


def whole_alone(task: Task) -> str:
    """Why a task's map of a picture is not made of its maps of parts, as a clause; empty if it is."""
    return "" if task.in_parts else f"what {task.name} says of a pixel depends on the whole picture"


def refuse_shared(task: str, view: ViewChoice, what: str) -> None:
    """Raise `InputError` if the other tasks are to look at pictures whose pixels lie elsewhere than their labels."""
    if view == "shared":
        raise InputError(
            f"tasks.{task}.view: a {what} picture would not fit the masks and boxes of the other tasks; expected own, "
            "found shared"
        )
