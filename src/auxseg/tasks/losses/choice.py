"""How a recipe chooses a task's loss terms: by name, each with a weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from auxseg.errors import InputError, nearest

LossWeights = Annotated[Mapping[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]], Field(min_length=1)]


def check_choice(task: str, losses: Iterable[str], allowed: Iterable[str]) -> None:
    """Raise `InputError` if a loss is not among those that are allowed for this task."""
    for name in losses:
        if name not in allowed:
            hint, known = nearest(name, allowed), ", ".join(allowed)
            raise InputError(f"tasks.{task}.losses: unknown loss {name!r}{hint}; allowed: {known}")
