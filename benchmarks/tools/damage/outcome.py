"""What became of a command on a damaged file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final, final

MOST_SECONDS: Final = 10.0
MOST_BYTES: Final = 2 * 2**30
"""Resident, beside what the imports hold."""

_MOST_LINES: Final = 3
_MOST_LETTERS: Final = 2000
_NO_MEMORY: Final = ("MemoryError", "Unable to allocate", "bad_alloc", "not enough memory", "annot allocate memory")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Outcome(Enum):
    """Three are allowed, the others are faults."""

    OK = "ok"
    REFUSED = "refused"
    """Exit code 2 and one sentence."""
    FAILED = "failed"
    """Exit code 1 and one sentence."""
    TRACEBACK = "traceback"
    UNCLEAR = "unclear"
    """No sentence, several, one that nobody reads to its end, control characters, or another exit code."""
    CRASH = "crash"
    """Ended by a signal of its own."""
    HANG = "hang"
    MEMORY = "memory"
    PROCESS = "process"
    """Another program or process was started."""
    CODE = "code"
    """Something that the file holds was executed, or became a part of a page."""

    @property
    def is_fault(self) -> bool:
        """Whether it must not happen."""
        return self not in (Outcome.OK, Outcome.REFUSED, Outcome.FAILED)


@final
@dataclass(frozen=True)
class Ending:
    """How a command ended. ``status`` is its exit code, or minus the signal that ended it."""

    status: int
    seconds: float
    processor_seconds: float
    peak_bytes: int
    hung: bool
    guarded: Sequence[str]
    """What it was kept from doing: lines that begin with an outcome's value."""
    stderr: str


def classify(ending: Ending) -> Outcome:
    """The worst that can be said of it."""
    for outcome in (Outcome.CODE, Outcome.PROCESS):
        if any(line.startswith(outcome.value) for line in ending.guarded):
            return outcome
    if ending.hung:
        return Outcome.HANG
    if ending.peak_bytes > MOST_BYTES or any(words in ending.stderr for words in _NO_MEMORY):
        return Outcome.MEMORY
    if ending.status < 0:
        return Outcome.CRASH
    if "Traceback (most recent call last)" in ending.stderr:
        return Outcome.TRACEBACK
    if _CONTROL.search(ending.stderr):
        return Outcome.UNCLEAR
    if ending.status == 0:
        return Outcome.OK
    if ending.status not in (1, 2) or not _is_one_sentence(ending):
        return Outcome.UNCLEAR
    return Outcome.REFUSED if ending.status == 2 else Outcome.FAILED


def _is_one_sentence(ending: Ending) -> bool:
    """What is said last is a sentence of auxseg's; where some of many files were left out, these are named instead."""
    lines = ending.stderr.strip().splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("auxseg: ")]
    if starts:
        said = lines[starts[-1] :]
    else:
        said = [line for line in lines if line.startswith("left out: ")][-1:] if ending.status == 1 else []
    is_short = len(said) <= _MOST_LINES and sum(map(len, said)) <= _MOST_LETTERS
    return bool(said) and is_short


def place(stderr: str) -> str:
    """The innermost line of auxseg's that a traceback names, or the dump of a hang, and the last line that says more.

    Of a hang that is where its main thread was.
    """
    lines = [line for line in stderr.strip().splitlines() if line.strip(" ^~")] or [""]
    _, dump, stacks = stderr.rpartition("Current thread")
    calls = re.findall(r'File "([^"]*)", line (\d+),? in (\S+)', stacks if dump else stderr)
    calls = calls if dump else calls[::-1]  # a dump begins with the innermost call, a traceback ends with it
    ours = [f"{file.rpartition('/src/')[2]}:{line} in {name}" for file, line, name in calls if "/src/auxseg/" in file]
    last = f"in {Path(calls[0][0]).name}:{calls[0][1]}" if dump and calls else lines[-1]
    return f"{ours[0] if ours else '-'}: {last[:300]}"
