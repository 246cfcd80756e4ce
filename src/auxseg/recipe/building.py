"""The tasks that a recipe asks for, made for the data at hand."""

from __future__ import annotations

from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.recipe.recipe import Recipe
from auxseg.tasks import Task
from auxseg.tasks.views import shared_view


def build_tasks(recipe: Recipe, vocabulary: Vocabulary) -> dict[str, Task]:
    """Make the tasks for data with this vocabulary. Raises `InputError` if the data cannot serve one."""
    tasks: dict[str, Task] = {name: settings.build(name, vocabulary) for name, settings in recipe.tasks.items()}
    for name, task in tasks.items():
        _check_learns(name, task, is_target=name == recipe.target)
    shared = shared_view(tasks.values())
    return {
        name: task.in_recipe(is_target=name == recipe.target, view=shared or task.view) for name, task in tasks.items()
    }


def _check_learns(name: str, task: Task, *, is_target: bool) -> None:
    if not any(task.weights.values()):
        hint = "" if is_target else f", or leave the task out by tasks.{name}=off"
        raise InputError(f"tasks.{name}.losses: every weight is 0, so {name} would learn nothing; raise one{hint}")
