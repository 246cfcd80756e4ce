"""What every command has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import tyro

from auxseg.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

_MOST_THREADS: Final = 4096
"""torch takes nearly any number, and then starts as many threads."""


def optional(metavar: str) -> Any:
    """How the help shows an option that may be left out: by what it takes, its text saying what holds without it."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="")


@dataclass(frozen=True, kw_only=True)
class Command(ABC):
    """A command line, read and typed."""

    when_interrupted: ClassVar[str] = "interrupted; no partial files were left"

    json: bool = False
    """Print the result as JSON on standard output."""

    debug: bool = False
    """Show where in the code an error came from."""

    @abstractmethod
    def run(self, console: Console) -> dict[str, object] | None:
        """Do it; talk to a person through the console (standard error) and return the result, if there is one.

        A result with ``"failed"`` that is not empty makes the command exit with 1.
        """


def with_own_options_first(command: type[Command]) -> type[Command]:
    """Let the help begin with what is the command's own; what all have stands in the bases, whose fields come first."""
    shared = {name for base in command.__mro__[1:] for name in getattr(base, "__dataclass_fields__", ())}
    known = command.__dataclass_fields__
    command.__dataclass_fields__ = dict(sorted(known.items(), key=lambda item: item[0] in shared))
    return command


def use_threads(threads: int | None) -> None:
    """Let torch compute with so many threads. Raises `InputError` for none, and for more than any machine has."""
    if threads is None:
        return
    if threads < 1:
        raise InputError(f"--threads {threads}: expected 1 or more")
    if threads > _MOST_THREADS:
        raise InputError(f"--threads {threads}: expected at most {_MOST_THREADS}")
    import torch

    torch.set_num_threads(threads)


def one_size(tiles: tuple[int, ...] | None) -> bool | int | None:
    """What ``--tiles`` asks for: nothing without it, `True` without a size. Raises `InputError` for several sizes."""
    if tiles is None or len(tiles) < 2:
        return tiles if tiles is None else (tiles[0] if tiles else True)
    raise InputError(f"--tiles {' '.join(map(str, tiles))}: expected one size in pixels, or none")


@dataclass(frozen=True, kw_only=True)
class RecipeCommand(Command):
    """A command that reads recipes or models, which may be of a user's own kinds of task."""

    plugins: Annotated[tuple[Path, ...], optional("FILE.py ...")] = ()
    """Python files of your own that register kinds of task; they are executed."""

    def run_plugins(self) -> None:
        """Execute the files. Raises `InputError` if one does not exist or fails."""
        if self.plugins:
            from auxseg.tasks import run_plugin

            for path in self.plugins:
                run_plugin(path)
