"""Commands that are killed: at a moment, or just before they next change the file system."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from auxseg.cli.main import main

_CHANGES: Final = frozenset(("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link"))
COUNT: Final = "changes-counted"


def counted(*line: str) -> int:
    """A command to its end; the number of its changes to the file system is left in the file `COUNT`."""
    number = 0

    def count() -> None:
        nonlocal number
        number += 1

    _at_changes(count)
    code = _run(line)
    before = number
    Path(COUNT).write_text(str(before))
    return code


def killed_after(seconds: float, *line: str) -> int:
    """A command that the system ends at this moment, without asking it."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    return _run(line)


def killed_before(change: int, *line: str) -> int:
    """A command that is killed instead of making its change number so and so to the file system, from 1."""
    left = change

    def kill() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    _at_changes(kill)
    return _run(line)


def _run(line: tuple[str, ...]) -> int:
    sys.argv = ["auxseg", *line]
    return main(line)


def _at_changes(tell: Callable[[], None]) -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES or (event == "open" and _writes(arguments)):
            tell()

    sys.addaudithook(hook)


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, _, flags = arguments
    is_ours = isinstance(path, str | bytes | os.PathLike) and not os.fspath(path).startswith(("/dev", "/proc"))  # pyright: ignore[reportArgumentType]
    return is_ours and isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def moment(rng: np.random.Generator, seconds: float, changes: int) -> tuple[Callable[..., int], float | int]:
    """How a command is killed: every second time before a change to the file system, else after a time."""
    if changes and rng.random() < 0.5:
        return killed_before, int(rng.integers(1, changes + 1))
    return killed_after, float(rng.uniform(0, 1.02 * seconds))
