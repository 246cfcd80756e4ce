"""One clear sentence for what is wrong in a recipe, with the nearest valid key or value."""

from __future__ import annotations

from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from auxseg.errors import nearest
from auxseg.recipe.schema import fields, inner, is_section, members, tags
from auxseg.recipe.words import MEANT

_FORMS: Final = ("tuple[", "literal[", "dict[")
"""What pydantic calls a list, a fixed value or a mapping among other things that may stand at its place."""
_HALF: Final = "fp16 needs scaled losses, which change every balancer that compares gradients or losses"
_REASONS: Final = {"training.precision": {"fp16": _HALF, "float16": _HALF, "16-mixed": _HALF}}
"""Why a value that people try is none, by setting."""
_OF_NUMBERS: Final = ("int_type", "int_parsing", "int_from_float", "greater_than_equal", "less_than_equal")
_NOTES: Final = {
    "data.crop.size": "windows are square",
    "model.weights": "none stands for random weights",
}
"""What there is to know of a setting whose value is of the wrong type."""
_NO_MAPPING: Final = ("dict_type", "dataclass_type")
LONGEST_FOUND: Final = 200
"""How many characters of a wrong value a sentence shows."""


def sentence(error: ValidationError, root: type) -> str:
    """The first thing that is wrong, with its key, what was expected and what was found."""
    first = _first(error)
    keys, scope, options = _walk(first["loc"], root)
    path = ".".join(keys) or "the recipe"
    found = _short(repr(first["input"]))
    context = first.get("ctx", {})
    match first["type"]:
        case "unexpected_keyword_argument":
            meant = MEANT.get(keys[0].replace("-", "_")) if len(keys) == 1 else None
            hint = f" (did you mean {meant!r}?)" if meant else nearest(keys[-1], scope)
            return f"{path} is not a setting{hint}; allowed here: {', '.join(scope)}"
        case "missing" if keys and keys[-1].isdecimal():
            return f"{'.'.join(keys[:-1])} is {found}: expected at least {int(keys[-1]) + 1} values"
        case "missing":
            return f"{path} is missing"
        case "union_tag_invalid":
            allowed = context["expected_tags"]
            tag = str(context["tag"])
            hint = "; a kind of your own needs --plugins FILE.py" if keys[0] == "tasks" else ""
            near = nearest(tag, allowed.replace(chr(39), "").split(", "))
            return f"{path}.kind is {tag!r}{near}; allowed: {allowed}{hint}"
        case "union_tag_not_found" | "dict_type" | "dataclass_type" if not isinstance(first["input"], dict):
            return f"{path} is {found}: expected a mapping of {_mapping(path, first['input'], options)}"
        case "union_tag_not_found":
            which = f"it says which kind of {keys[-1] if keys else 'thing'} this is"
            return f"{path}.kind is missing; {which}{_known(options)}"
        case "tuple_type":
            return f"{path} is {found}: expected a list of values in brackets"
        case "literal_error":
            is_yes_or_no = any(each["type"] == "bool_type" for each in error.errors())
            allowed = f"true, false, {context['expected']}" if is_yes_or_no else context["expected"]
            if any(each["type"] in _OF_NUMBERS for each in error.errors()):
                allowed += " or a whole number from 1"
            words = allowed.replace("'", "").replace(" or ", ", ").split(", ")
            is_mapping = any(each["type"] == "dict_type" for each in error.errors())
            allowed = f"{allowed}, or a value for each name, such as {{pole: 3}}" if is_mapping else allowed
            is_section = any(each["type"] == "dataclass_type" for each in error.errors())
            allowed = f"{allowed}, or a mapping of settings" if is_section else allowed
            why = _REASONS.get(path, {}).get(str(first["input"]))
            hint = f" ({why})" if why else nearest(str(first["input"]), words)
            return f"{path} is {found}{hint}; allowed: {allowed}"
        case "too_short":
            fewest = context["min_length"]
            return f"{path} is {found}, expected at least {fewest} {'entry' if fewest == 1 else 'entries'}"
        case _:
            note = f" ({_NOTES[path]})" if path in _NOTES and first["type"].endswith("_type") else ""
            return f"{path} is {found}: {first['msg'][0].lower()}{first['msg'][1:]}{note}"


def _mapping(path: str, value: object, options: list[Any]) -> str:
    """What a mapping is expected of, and how to write what was meant by a word in its place."""
    kinds = _kinds(options)
    if not kinds:
        return "settings" if any(is_section(option) for option in options) else "names to values"
    return f"settings; write {path}.kind={value}" if value in kinds else f"settings{_known(options)}"


def _known(options: list[Any]) -> str:
    kinds = _kinds(options)
    return f"; known kinds: {', '.join(kinds)}" if kinds else ""


def _kinds(options: list[Any]) -> list[str]:
    return [str(tag) for option in options if is_section(option) for tag in tags(option)]


def _first(error: ValidationError) -> ErrorDetails:
    """The first error; of a mapping that might have been a fixed value instead, what is wrong in the mapping."""
    first, *others = error.errors()
    if first["type"] in _NO_MAPPING and not isinstance(first["input"], dict):
        return next((each for each in others if each["type"] == "literal_error"), first)
    if first["type"] == "literal_error" and isinstance(first["input"], dict):
        return next((each for each in others if "dict[" in str(each["loc"])), first)
    return first


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_FOUND else f"{text[:LONGEST_FOUND]}..."


def _walk(location: tuple[object, ...], root: type) -> tuple[list[str], list[str], list[Any]]:
    """The keys a person wrote on the way to the error, the names that would be allowed at its end, and the types of
    what may stand there.

    pydantic's location also holds the tags of unions; those are not keys of the recipe.
    """
    keys: list[str] = []
    scope: Any = root
    names: list[str] = []
    for part in location:
        if str(part).startswith(_FORMS):
            continue
        options = members(scope)
        classes = [option for option in options if is_section(option)]
        tagged = [option for option in classes if part in tags(option)]
        named = [option for option in classes if part == getattr(option, "__name__", None)]
        if named:
            scope = named[0]
            continue
        if tagged and not any(part in fields(option) for option in classes):
            scope = tagged[0]
            continue
        keys.append(str(part))
        names = [name for option in classes for name in fields(option)]
        scope = inner(options, str(part))
    return keys, sorted(set(names)), list(members(scope))
