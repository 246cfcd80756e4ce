"""How far a training is, from the end of its events.jsonl, which may be long."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from auxseg.records.events import Start, Step, parse_event
from auxseg.records.names import EVENTS_FILE

_HEAD_BYTES: Final = 1 << 20
_TAIL_BYTES: Final = 1 << 16


def last_step(run: Path) -> tuple[int, int] | None:
    """The step that a run took last, and how many it takes; ``None`` before its first."""
    try:
        with (run / EVENTS_FILE).open("rb") as file:
            start = parse_event(file.readline(_HEAD_BYTES))
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL_BYTES, 0))
            lines = file.read().splitlines()
    except (OSError, ValueError, RecursionError):  # not there yet, or its first line is not whole
        return None
    if not isinstance(start, Start):
        return None
    for line in reversed(lines):
        try:
            event = parse_event(line)
        except (ValueError, RecursionError):  # the end is being written
            continue
        if isinstance(event, Step):
            return event.step, start.steps
    return None
