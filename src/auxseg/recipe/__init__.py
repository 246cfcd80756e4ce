"""A run as one typed value: read strictly, checked on paper, written back as it was.

Names are loaded when they are first used: what tells a user's mistakes in settings apart needs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auxseg.recipe.building import build_tasks
    from auxseg.recipe.checks import refuse_waiting
    from auxseg.recipe.reading import dump_recipe, load_recipe, parse_recipe, to_values
    from auxseg.recipe.recipe import Recipe, trained_together, what_matters, with_changes

_HOMES = {
    "Recipe": "recipe",
    "build_tasks": "building",
    "dump_recipe": "reading",
    "load_recipe": "reading",
    "parse_recipe": "reading",
    "refuse_waiting": "checks",
    "to_values": "reading",
    "trained_together": "recipe",
    "what_matters": "recipe",
    "with_changes": "recipe",
}

__all__ = [
    "Recipe",
    "build_tasks",
    "dump_recipe",
    "load_recipe",
    "parse_recipe",
    "refuse_waiting",
    "to_values",
    "trained_together",
    "what_matters",
    "with_changes",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'auxseg.recipe' has no attribute {name!r}")
    return getattr(importlib.import_module(f"auxseg.recipe.{_HOMES[name]}"), name)
