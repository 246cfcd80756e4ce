"""What is given from Python, checked before anything is done with it."""

from __future__ import annotations

import os
from pathlib import Path

from auxseg.errors import InputError


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


def as_paths(value: object, name: str) -> list[Path]:
    """One path or several of them, as a list. Raises `InputError` as `as_path` does."""
    if isinstance(value, list | tuple):
        return [as_path(each, name) for each in value]
    return [as_path(value, name)]


def as_names(value: object, name: str) -> tuple[str, ...]:
    """Several names. Raises `InputError`, also for a single text, which would fall apart into its letters."""
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise InputError(f'{name}: expected a list of names, such as ["box", "edges"], not {shown(value)}')


def shown(value: object) -> str:
    """A value in a sentence: its kind, and what it says if that is short."""
    kind = type(value)
    named = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if value is None or (isinstance(value, bool | int | float | str) and len(repr(value)) < 40):
        return repr(value)
    return f"a value of type {named}"
