"""By which figure of the target a study judges arms."""

from __future__ import annotations

from auxseg.errors import InputError, nearest
from auxseg.tasks import Task


def judged_figure(asked: str | None, target: Task) -> str:
    """The name of the figure; the target's main figure if none is ``asked`` for.

    Verdicts need what single images contribute, so it is one of `Task.figures_by_image`. Checkpoints, loss weights and
    rankings are chosen on validation by the main figure all the same. Raises `InputError` for another figure, naming
    those that there are.
    """
    possible = target.figures_by_image()
    if not possible:
        raise InputError(
            f"study: the target {target.name} is measured by {target.main_figure}, which has no values per image; "
            "expected a task that gives masks, classes or boxes"
        )
    name = asked or target.main_figure
    if name not in possible:
        raise InputError(
            f"study: figure {name} of {target.name} has no values per image{nearest(name, possible)}; arms can be "
            f"judged by {', '.join(possible)}"
        )
    return name
