"""Writing events.jsonl: events are appended, and the file is rewritten only to resume."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar, final

from auxseg.files import naming, write_atomically
from auxseg.records.events import (
    KINDS,
    End,
    Event,
    Gradients,
    Step,
    Validated,
    numbered_lines,
    parse_event,
)
from auxseg.records.values.writing import to_json, to_mapping

_E = TypeVar("_E", bound=Event)
_NAMES: Final = {type_: name for name, type_ in KINDS.items()}


@final
class EventLog:
    """Appends events to a file. A file that does not exist yet is made by the first event."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, event: _E) -> _E:
        """Write one event as one line, and return it as it is read again: a number that is not finite is ``None``."""
        line = json.dumps({"event": _NAMES[type(event)], **to_mapping(event)}, allow_nan=False) + "\n"
        with naming(self.path), self.path.open("a+b") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(length - 1, 0))
            if file.read(1) not in (b"", b"\n"):  # a line was cut off, by a full disk say
                line = "\n" + line
            file.write(line.encode())
        numbers = {name: to_json(value) for name, value in vars(event).items() if isinstance(value, float | Mapping)}
        return dataclasses.replace(event, **numbers)

    def sync(self) -> None:
        """Let the disk hold what was appended: a power cut must not take lines that a checkpoint counts on."""
        with naming(self.path), self.path.open("rb") as file:
            os.fsync(file.fileno())

    def rewind(self, step: int) -> tuple[int, ...]:
        """Forget what happened after ``step``, so that a resumed run holds every step once.

        Lines that are not whole are forgotten too. Returns the numbers of those among what is kept: what was cut off at
        the end is what happens again.
        """
        kept: list[bytes] = []
        lost: list[int] = []
        end = 0
        for number, line in numbered_lines(self.path):
            try:
                event = parse_event(line)
            except (ValueError, RecursionError):
                lost.append(number)
                continue
            if _is_before(event, step):
                kept.append(line.rstrip(b"\n") + b"\n")
                end = number
        write_atomically(self.path, b"".join(kept))
        return tuple(number for number in lost if number < end)


def _is_before(event: Event | None, step: int) -> bool:
    """Whether an event, ``None`` for one of an unknown kind, is part of a run that stands at ``step``."""
    return not isinstance(event, End) and (not isinstance(event, Step | Gradients | Validated) or event.step <= step)
