"""What a recipe may not hold beside branches that are merged (`training.fork_merge`)."""

from __future__ import annotations

from collections.abc import Mapping

from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.errors import InputError
from auxseg.recipe.recipe import Recipe, trained_together
from auxseg.tasks import Task

_AWAY = "set training.fork_merge=null"


def check_fork(recipe: Recipe, origin: str) -> None:
    """Raise `InputError`, naming ``origin``, for what branches cannot have."""
    if recipe.training.fork_merge is None:
        return
    for key, is_set, why, nothing in (
        ("training.phases", recipe.training.phases, "which say themselves what is trained together", "[]"),
        ("training.watch", recipe.training.watch, "which compares the gradients of all tasks in one network", "null"),
        ("model.refine_by", recipe.model.refine_by, "by which the target reads what other branches train", "[]"),
    ):
        if is_set:
            raise InputError(
                f"{origin}: training.fork_merge cannot be combined with {key}, {why}; {_AWAY} or {key}={nothing}"
            )
    if isinstance(recipe.balancer, CombiningConfig):
        for names in trained_together(recipe):
            try:
                recipe.balancer.check(names)
            except InputError as error:
                raise InputError(f"{origin}: in a branch of training.fork_merge, {error}") from None


def check_forked_tasks(recipe: Recipe, tasks: Mapping[str, Task]) -> None:
    """Raise `InputError` for tasks that learn from an average of the weights, of which every branch has another."""
    taught = next((name for name, task in tasks.items() if task.needs_teacher), None)
    if recipe.training.fork_merge is not None and taught is not None:
        raise InputError(
            f"training.fork_merge cannot be combined with tasks.{taught}, which learns from an average of the weights; "
            f"{_AWAY} or tasks.{taught}=off"
        )
