"""The two errors a person can cause or meet, and how a process is asked to end.

The command line turns them into one sentence and an exit code.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Something the user gave is refused before work starts (exit code 2)."""


class RunError(RuntimeError):
    """Work that had started could not go on (exit code 1)."""


class DivergedError(RunError):
    """A loss or gradient was not finite: an outcome of the training itself, not of the machine."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: the work stops like after Ctrl-C (exit code 143)."""


def nearest(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the known word that is most like ``word``, or nothing."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def first_line(error: BaseException) -> str:
    """What an error of a library says first, of at most 200 letters, or its kind where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
