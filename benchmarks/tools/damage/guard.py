"""What a command is kept from while it reads a damaged file: starting processes, and executing what the file holds."""

from __future__ import annotations

import math
import os
import resource
import sys
import traceback
from pathlib import Path
from typing import Any, Final

from benchmarks.tools.damage.outcome import Outcome

CANARY: Final = "auxseg-damage-canary"
"""Every planted piece of code names it: it is compiled, or a file of this name is opened, only if that code runs."""

MARKUP: Final = "<script>alert(1)</script>"
"""Many planted texts: a page may show it, and never hold it."""

GUARDED: Final = 97
"""The exit code of a command that was stopped."""

_PROCESSES: Final = frozenset(
    ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "pty.spawn")
)
_KNOWN_MODULES: Final = ("auxseg", "numpy", "torch", "collections", "multiprocessing")
"""Whose names a pickle may ask for."""


def guard(channel: int, folder: Path) -> None:
    """From now on end this process at its first attempt, and say in ``channel`` what it was."""
    files = str(folder.resolve())

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        outcome = _judged(event, arguments, files)
        if outcome is not None:
            os.write(channel, f"{outcome.value}: {event} {arguments!r:.300}\n".encode(errors="replace"))
            traceback.print_stack()
            sys.stderr.flush()
            os._exit(GUARDED)

    sys.addaudithook(hook)


def _judged(event: str, arguments: tuple[Any, ...], files: str) -> Outcome | None:
    if event in _PROCESSES:
        return Outcome.PROCESS
    if event == "pickle.find_class" and str(arguments[0]).partition(".")[0] not in _KNOWN_MODULES:
        return Outcome.CODE
    if event == "compile" and CANARY in _text(arguments[0]):
        return Outcome.CODE
    if event == "exec" and str(getattr(arguments[0], "co_filename", "")).startswith(files):
        return Outcome.CODE
    if event in ("open", "import") and _text(arguments[0]).endswith(CANARY):
        return Outcome.CODE
    return None


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("latin-1")
    return value if isinstance(value, str) else ""


def set_limits(most_bytes: int, most_seconds: float) -> None:
    """Let this process's address space grow by so much and no more, so that a hog fails instead of the machine.

    The limit of its processor time ends it even if nobody is left who watches.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + most_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    seconds = math.ceil(most_seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
