"""How far a training is, from the end of its log, which may be long."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from auxseg.run.directory import Run

_TAIL_BYTES: Final = 1 << 16


def last_step(directory: Path) -> tuple[int, int] | None:
    """The step that a run took last, and how many it takes; ``None`` before its first."""
    run = Run(directory)
    try:
        with run.events_file.open("rb") as file:
            first = json.loads(file.readline())
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL_BYTES, 0))
            lines = file.read().splitlines()
    except (OSError, ValueError):  # not there yet, or its first line is not whole
        return None
    for line in reversed(lines):
        try:
            event = json.loads(line)
            if event["event"] == "step":
                return int(event["step"]), int(first["steps"])
        except (ValueError, KeyError, TypeError):  # the end is being written
            continue
    return None
