"""YAML in, YAML out, strict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from auxseg.arguments import as_config, plain
from auxseg.errors import InputError
from auxseg.recipe.checks import check_model, check_values, refuse_without_effect
from auxseg.recipe.errors import sentence
from auxseg.recipe.files import read_recipe_file
from auxseg.recipe.recipe import Recipe
from auxseg.recipe.settings import change, refuse_tasks_that_are_only_off
from auxseg.recipe.switched_off import without_tasks_that_are_off
from auxseg.strict_yaml import write_yaml
from auxseg.tasks.plugins import kinds


def load_recipe(
    name_or_path: str | Path, settings: Mapping[str, object] | Sequence[str] = (), *, is_base: bool = False
) -> Recipe:
    """Read a preset by name or a YAML file by path, and change single settings of it.

    ``settings`` maps dotted keys to values (or is a list of ``key=value`` in YAML); ``tasks.box=off`` leaves a task
    out. Another ``kind`` of something takes the settings with it that only the former kind has, unless they are among
    ``settings`` too. The base of other recipes (``is_base``) may hold tasks that cannot stand side by side: its network
    is not built on paper. Raises `InputError` with the key, what is allowed and what was found.
    """
    values, origin = read_recipe_file(name_or_path)
    refuse_tasks_that_are_only_off(values, origin)
    given = change(values, settings, Recipe)
    recipe = parse_recipe(values, origin, is_base=is_base)
    refuse_without_effect(recipe, given)
    return recipe


def parse_recipe(values: Mapping[str, object], origin: str = "recipe", *, is_base: bool = False) -> Recipe:
    """Check plain values and make a recipe of them, see `load_recipe`. Raises `InputError`, naming ``origin``."""
    try:
        recipe = as_config(_adapter(kinds()), without_tasks_that_are_off(plain(values, origin), origin))
    except ValidationError as error:
        raise InputError(f"{origin}: {sentence(error, Recipe)}") from None
    check_values(recipe, origin)
    if not is_base:
        check_model(recipe, origin)
    return recipe


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as YAML that `load_recipe` reads back to the same value."""
    return write_yaml(to_values(recipe))


def to_values(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain values."""
    return _adapter(kinds()).dump_python(recipe, mode="json")


@lru_cache(maxsize=1)
def _adapter(kinds_of_task: tuple[type, ...]) -> TypeAdapter:
    """Made again when a plugin has registered another kind."""
    return TypeAdapter(Recipe)
