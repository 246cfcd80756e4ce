"""What is given from Python, checked before anything is done with it."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from auxseg.errors import InputError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_T = TypeVar("_T")

MAX_DEPTH: Final = 40
"""How deep values may be nested that are given or read."""
MAX_DIGITS: Final = 40
"""How long a whole number may be that is given or read."""


def as_path(value: object, name: str) -> Path:
    """The path that the argument ``name`` gives. Raises `InputError` for what is neither text nor a path."""
    if isinstance(value, str | os.PathLike):
        text = os.fspath(value)
        if isinstance(text, str) and text and "\0" not in text:
            return Path(text)
    raise InputError(f"{name}: expected a path, as text or pathlib.Path, not {shown(value)}")


def hub_address(path: Path) -> str | None:
    """What stands behind ``hf://`` in the address of a model on a Hub, which a path holds with one slash; else None."""
    scheme = "hf:"
    return path.as_posix().removeprefix(scheme).lstrip("/") if path.parts[:1] == (scheme,) else None


def as_typed(path: Path) -> str:
    """A path as it was typed, with both slashes of a model on a Hub."""
    address = hub_address(path)
    return str(path) if address is None else f"hf://{address}"


def as_paths(value: object, name: str) -> list[Path]:
    """One path or several of them, as a list. Raises `InputError` as `as_path` does."""
    if isinstance(value, list | tuple):
        return [as_path(each, name) for each in value]
    return [as_path(value, name)]


def short_names(paths: Sequence[Path], without: Sequence[str] = ()) -> list[str]:
    """The names of files and folders, or as much of their paths as tells them apart.

    Endings that ``without`` lists are left out of names, not of paths.
    """
    resolved = [path.resolve() for path in paths]
    names = [path.stem if path.suffix in without else path.name for path in resolved]
    if len(set(names)) == len(names):
        return names
    home = os.path.commonpath([path.parent for path in resolved])
    return [path.relative_to(home).as_posix() for path in resolved]


def as_names(value: object, name: str) -> tuple[str, ...]:
    """Several names. Raises `InputError`, also for a single text, which would fall apart into its letters."""
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise InputError(f'{name}: expected a list of names, such as ["box", "edges"], not {shown(value)}')


def as_config(adapter: TypeAdapter[_T], values: Mapping[str, object]) -> _T:
    """Plain values (`plain`) as settings (`auxseg.config`), strict about types: no text stands for a number.

    Raises pydantic's `ValidationError`.
    """
    return adapter.validate_json(json.dumps(values), strict=True)


def plain(values: Mapping[str, object], origin: str) -> dict[str, object]:
    """The same in the types of JSON, whole numbers (8.0, 1e3) as integers, which count as numbers of either kind.

    From Python may come arrays and scalars of NumPy, settings (`auxseg.config`), ranges and sets as well; a set is
    sorted. Raises `InputError`, naming ``origin`` and the dotted key, for what no YAML could hold.
    """
    return _mapping(values, origin, ())


def _mapping(values: Mapping[Any, object], origin: str, keys: tuple[str, ...]) -> dict[str, object]:
    for key in values:
        if not isinstance(key, str):
            raise InputError(f"{_where(origin, keys)}: expected a text as key, found {shown(key)}")
    return {str.__str__(key): _plain(value, origin, (*keys, key)) for key, value in values.items()}


def _plain(value: object, origin: str, keys: tuple[str, ...]) -> object:
    where = _where(origin, keys)
    if len(keys) > MAX_DEPTH:
        raise InputError(f"{where}: nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise InputError(f"{where}: a text holds an invalid character: {value[:40]!r}")
        return str.__str__(value)
    if value is None or isinstance(value, bool | int | float):
        return _number(value, where)
    if isinstance(value, Mapping):
        return _mapping(value, origin, keys)
    parts = _parts(value)
    if parts is None:
        raise InputError(
            f"{where}: expected a text, a number, true, false, null, a list or a mapping, found {shown(value)}"
        )
    if isinstance(parts, list):
        return [_plain(each, origin, (*keys, str(place))) for place, each in enumerate(parts)]
    return _plain(parts, origin, keys)


def _number(value: bool | float | None, where: str) -> bool | float | None:
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else float(value)
    if isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:
        raise InputError(f"{where}: a number of more than {MAX_DIGITS} digits; at most {MAX_DIGITS} are read")
    return value


def _parts(value: object) -> object:
    """What Python objects of some kinds hold: a list, a mapping or a scalar; ``None`` for all others."""
    if isinstance(value, list | tuple | range):
        return list(value)
    if isinstance(value, set | frozenset):
        is_text = all(isinstance(each, str) for each in value)
        is_number = all(isinstance(each, int | float) for each in value)
        return sorted(value, key=None if is_text or is_number else repr)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    to_list = getattr(value, "tolist", None)  # NumPy's, without importing it
    held = to_list() if callable(to_list) and not isinstance(value, type) else None
    return None if type(held) is type(value) else held


def _where(origin: str, keys: Sequence[str]) -> str:
    return f"{origin}: {'.'.join(keys)}"[:200] if keys else origin


def shown(value: object) -> str:
    """A value in a sentence: its kind, and what it says if that is short."""
    kind = type(value)
    named = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if value is None or (isinstance(value, bool | int | float | str) and len(repr(value)) < 40):
        return repr(value)
    return f"a value of type {named}"
