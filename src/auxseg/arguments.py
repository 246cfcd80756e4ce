"""What is given from Python, checked before anything is done with it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from auxseg.errors import InputError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_T = TypeVar("_T")


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
    """Plain values as settings (`auxseg.config`), strict about types: no text stands for a number, no number for a yes.

    A whole number may be written as 8.0 or 1e3. Raises pydantic's `ValidationError`, and `InputError` for what no YAML
    could hold.
    """
    return adapter.validate_json(json.dumps(_with_whole_numbers(values), default=_refuse), strict=True)


def _with_whole_numbers(value: object) -> object:
    """The same with whole numbers as integers, which count as numbers of either kind."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, Mapping):
        return {key: _with_whole_numbers(each) for key, each in value.items()}
    return [_with_whole_numbers(each) for each in value] if isinstance(value, list | tuple) else value


def _refuse(value: object) -> NoReturn:
    raise InputError(f"expected a text, a number, true, false, null, a list or a mapping, found {shown(value)}")


def shown(value: object) -> str:
    """A value in a sentence: its kind, and what it says if that is short."""
    kind = type(value)
    named = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if value is None or (isinstance(value, bool | int | float | str) and len(repr(value)) < 40):
        return repr(value)
    return f"a value of type {named}"
