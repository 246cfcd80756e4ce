"""What a recipe may hold, read from the types of its settings: how messages and changes find their way in it."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Sequence
from typing import Any

from auxseg.records.values.size import Size


def members(annotation: Any) -> list[Any]:
    """The plain types behind Annotated and unions."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        inner, *rest = typing.get_args(annotation)
        given = [member for each in rest for member in getattr(each, "members", ())]
        return given or members(inner)
    if origin in (typing.Union, types.UnionType):
        return [member for option in typing.get_args(annotation) for member in members(option)]
    return [annotation]


def fields(cls: Any) -> dict[str, Any]:
    """The settings of a class by name, with their types."""
    hints = typing.get_type_hints(cls, include_extras=True)
    return {name: hint for name, hint in hints.items() if typing.get_origin(hint) is not typing.ClassVar}


def tags(cls: Any) -> tuple[Any, ...]:
    """What ``kind`` may be in a class; nothing if it has none."""
    return typing.get_args(fields(cls).get("kind", None))


def is_section(option: Any) -> bool:
    """Whether a type has keys of its own; a `Size` is one value, though it is made of two."""
    return dataclasses.is_dataclass(option) and option is not Size


def inner(options: Sequence[Any], key: str) -> Any:
    """The type of what stands under a key of one of these types."""
    for option in options:
        if is_section(option) and key in fields(option):
            return fields(option)[key]
        if typing.get_origin(option) is dict:
            return typing.get_args(option)[1]
        if typing.get_origin(option) is tuple:
            return typing.get_args(option)[0]
    return None


def settings_of_other_kinds(root: type, keys: Sequence[str], kind: Any) -> set[str]:
    """The settings that some kind of the section under ``keys`` has, and ``kind`` has not.

    Nothing if there is no such kind, or the section has no kinds.
    """
    scope: Any = root
    for key in keys:
        scope = inner(members(scope), key)
    options = [option for option in members(scope) if is_section(option)]
    chosen = [option for option in options if kind in tags(option)]
    return {name for option in options for name in fields(option)} - set(fields(chosen[0])) if chosen else set()
