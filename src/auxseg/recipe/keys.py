"""Every key that ``--set`` takes, with type, default and meaning, as the settings' classes say it."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from auxseg.recipe.schema import fields, is_section, members, tags
from auxseg.records.values.size import Size

NAME: Final = "NAME"
"""Stands in a key where the user's own word does, such as the name of a task."""

_IN_WORDS: Final = {
    int: "integer",
    float: "number",
    str: "text",
    bool: "true | false",
    type(None): "null",
    Size: "integer or [height, width]",
}
_BOUNDS: Final = (("ge", "from"), ("gt", "above"), ("le", "to"), ("lt", "below"))


@final
@dataclass(frozen=True)
class Setting:
    """A key of a recipe: what may stand there, what does without it, what it means, and for which ``kind`` alone."""

    key: str
    type: str
    default: str
    meaning: str
    kinds: tuple[str, ...] = ()


def settings_of(root: type) -> list[Setting]:
    """The settings of a recipe's type, in the order of its fields, those of several kinds once."""
    merged: dict[tuple[str, str, str, str], Setting] = {}
    for setting in _walk(root, ""):
        place = (setting.key, setting.type, setting.default, setting.meaning)
        if place in merged:
            setting = dataclasses.replace(setting, kinds=(*merged[place].kinds, *setting.kinds))
        merged[place] = setting
    return list(merged.values())


def _walk(cls: Any, path: str, kinds: tuple[str, ...] = ()) -> Iterator[Setting]:
    defaults = {field.name: _default(field) for field in dataclasses.fields(cls)}
    for name, annotation in fields(cls).items():
        if name == "kind" and path:
            continue  # stands in for the whole union, one level up
        key = f"{path}{name}"
        options = members(annotation)
        mapped = [option for option in options if typing.get_origin(option) in (dict, Mapping)]
        if mapped:
            if any(typing.get_origin(option) is typing.Literal for option in options):
                yield Setting(key, _describe(annotation), defaults[name], _meaning(cls, name), kinds)
            yield from _walk_mapping(cls, name, key, mapped[0], kinds)
            continue
        yield from _walk_value(annotation, key, defaults[name], _meaning(cls, name), kinds)


def _walk_mapping(cls: Any, name: str, key: str, mapping: Any, kinds: tuple[str, ...]) -> Iterator[Setting]:
    value = typing.get_args(mapping)[1]
    meaning = _meaning(cls, name)
    yield from _walk_value(value, f"{key}.{NAME}", "nothing", meaning, kinds)


def _walk_value(annotation: Any, key: str, default: str, meaning: str, kinds: tuple[str, ...]) -> Iterator[Setting]:
    classes = [option for option in members(annotation) if is_section(option)]
    tagged = {str(tag): option for option in classes for tag in tags(option)}
    others = _describe(annotation)
    if tagged:
        about = "; ".join(f"{tag}: {_first_sentence(option)}" for tag, option in tagged.items())
        chosen = [tag for tag, option in tagged.items() if default in (getattr(option, "__name__", ""), tag)]
        text = " | ".join(tagged)
        yield Setting(f"{key}.kind", text, chosen[0] if chosen else "none, must be given", meaning or about, kinds)
    elif others:
        yield Setting(key, others, default, meaning, kinds)
    for option in classes:
        yield from _walk(option, f"{key}.", tuple(map(str, tags(option))) or kinds)


def _describe(annotation: Any) -> str:
    """A type in words, without the classes and mappings in it, whose fields and entries have keys of their own."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        inner = _describe(arguments[0])
        return f"{inner}{_bounds(arguments[1:])}" if inner else ""
    if origin in (typing.Union, types.UnionType):
        return " | ".join(filter(None, map(_describe, arguments)))
    if origin is typing.Literal:
        return " | ".join(map(_shown, arguments))
    if origin is tuple:
        if dataclasses.is_dataclass(arguments[0]):
            return "list of {" + ", ".join(fields(arguments[0])) + "}"
        return f"list of {_describe(arguments[0])}"
    if is_section(annotation) or origin in (dict, Mapping):
        return ""
    return _IN_WORDS.get(annotation, str(annotation))


def _bounds(metadata: tuple[Any, ...]) -> str:
    found = [
        f"{word} {getattr(each, name)}"
        for given in metadata
        for each in getattr(given, "metadata", (given,))
        for name, word in _BOUNDS
        if isinstance(getattr(each, name, None), int | float)
    ]
    return f" {' '.join(found)}" if found else ""


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        value = field.default
    elif field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    else:
        return "none, must be given"
    return type(value).__name__ if dataclasses.is_dataclass(value) else _shown(value)


def _shown(value: Any) -> str:
    """A value as YAML has it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(each)}" for key, each in value.items()) + "}"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _meaning(cls: Any, name: str) -> str:
    """What the docstrings of a class and of those it is made from say of a field: the sentences that name it."""
    for each in cls.__mro__:
        sentences = re.split(r"(?<=[.;]) (?=[A-Z`])", " ".join((each.__dict__.get("__doc__") or "").split()))
        naming = [sentence for sentence in sentences if re.search(rf"``{re.escape(name)}\b", sentence)]
        if naming:
            return " ".join(naming).replace("``", "").replace("`", "")
        attribute = re.search(rf"^ +{re.escape(name)}: (.+(?:\n {{9,}}.+)*)", each.__dict__.get("__doc__") or "", re.M)
        if attribute:
            return " ".join(attribute[1].split())
    return ""


def _first_sentence(cls: Any) -> str:
    return re.split(r"(?<=[.:]) ", " ".join((cls.__doc__ or "").split()))[0].replace("``", "").rstrip(".")
