"""Kinds of task of a user's own: files that are executed only where the user names them."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import sys
import typing
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, final

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from auxseg.errors import InputError
from auxseg.tasks.kinds import BuiltIn

_T = TypeVar("_T")

_registered: Final[dict[str, type]] = {}
_executed: Final[set[Path]] = set()


def register(config: type[_T]) -> type[_T]:
    """Let recipes name a kind of task by its settings: a class decorator beside `auxseg.config.config`.

    The class has a ``kind`` that is a `Literal` and a ``build(name, vocabulary)`` that makes the task. Raises
    `InputError` for a class that has not, and for a kind that exists already.
    """
    kind = _kind(config)
    if kind is None or not callable(getattr(config, "build", None)):
        raise InputError(
            f"{config.__name__}: a kind of task must be a class made by auxseg.config.config, with a field "
            "`kind: Literal['NAME'] = 'NAME'` and a method build(name, vocabulary)"
        )
    if kind in [_kind(known) for known in kinds()]:
        raise InputError(f"{config.__name__}: a kind of task named {kind!r} already exists; choose another name")
    _registered[kind] = config
    return config


def kinds() -> tuple[type, ...]:
    """The settings of every kind of task: those of the package, then those that were registered."""
    return (*typing.get_args(BuiltIn), *_registered.values())


def is_registered(config: Any) -> bool:
    """Whether these are settings of a kind that was registered."""
    return type(config) in _registered.values()


def run_plugin(path: str | Path) -> None:
    """Execute a user's file, once. Raises `InputError` if there is none or it fails."""
    file = Path(path).resolve()
    if file in _executed:
        return
    if not file.is_file():
        raise InputError(f"{path}: the plugin file does not exist")
    name = f"auxseg_plugin_{len(_executed)}_{re.sub(r'[^0-9a-zA-Z_]', '_', file.stem)}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: expected a Python file, whose name ends in .py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except Exception as error:
        raise InputError(f"{path}: the plugin failed ({type(error).__name__}: {error})") from error
    _executed.add(file)


@final
class Plugins:
    """Beside a union of settings in an `Annotated`: kinds that are registered when a recipe is checked count too."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema of the tagged union of all kinds."""
        every = typing.Union[kinds()]  # noqa: UP007  (made while running)
        return handler.generate_schema(Annotated[every, Field(discriminator="kind")])

    @property
    def members(self) -> tuple[type, ...]:
        """The settings of every kind, for messages about them."""
        return kinds()


def _kind(config: Any) -> str | None:
    if not dataclasses.is_dataclass(config):
        return None
    kind = {each.name: each.default for each in dataclasses.fields(config)}.get("kind")
    if not isinstance(kind, str):
        return None
    return kind if typing.get_args(typing.get_type_hints(config)["kind"]) == (kind,) else None
