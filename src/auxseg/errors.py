"""The two errors a person can cause or meet, and how a process is asked to end.

The command line turns them into one sentence and an exit code.
"""

from __future__ import annotations


class InputError(ValueError):
    """Something the user gave is refused before work starts (exit code 2)."""


class RunError(RuntimeError):
    """Work that had started could not go on (exit code 1)."""


class DivergedError(RunError):
    """A loss or gradient was not finite: an outcome of the training itself, not of the machine."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: the work stops like after Ctrl-C (exit code 143)."""


def first_line(error: BaseException) -> str:
    """What an error of a library says first, of at most 200 letters, or its kind where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
