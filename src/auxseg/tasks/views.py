"""The pictures that tasks look at; tasks with the same view share one forward pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jaxtyping import Float
from torch import Tensor

from auxseg.data.batch import Batch
from auxseg.tasks.task import Task


def look(batch: Batch, view: str) -> Float[Tensor, "N 3 H W"]:
    """The picture that a view shows of a batch: ``image`` is the photograph as augmented."""
    views = {"image": batch.image}
    return views[view]


def by_view(tasks: Iterable[Task]) -> Mapping[str, list[str]]:
    """The names of the tasks that share each view, in their order."""
    views: dict[str, list[str]] = {}
    for task in tasks:
        views.setdefault(task.view, []).append(task.name)
    return views
