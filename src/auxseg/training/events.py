"""events.jsonl: everything that happened in a run, one JSON object a line, rewritten only to resume."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, final

from auxseg.files import naming, write_atomically

_OF_A_STEP = ("step", "gradients", "validation", "end")


@final
class EventLog:
    """Appends events to a file. A file that does not exist yet is made by the first event."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, event: str, **values: Any) -> None:
        """Write one event as one line; numbers that are not finite become null."""
        line = json.dumps({"event": event, **_finite(values)}, allow_nan=False) + "\n"
        with naming(self.path), self.path.open("a+b") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(length - 1, 0))
            if file.read(1) not in (b"", b"\n"):  # a line was cut off, by a full disk say
                line = "\n" + line
            file.write(line.encode())

    def rewind(self, step: int) -> None:
        """Forget what happened after ``step``, so that a resumed run holds every step once."""
        kept = [event for event in read_events(self.path) if event["event"] not in _OF_A_STEP or event["step"] <= step]
        kept = [event for event in kept if event["event"] != "end"]
        write_atomically(self.path, "".join(json.dumps(event) + "\n" for event in kept).encode())


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """All whole events of a file; a line that was cut off is left out."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            with contextlib.suppress(json.JSONDecodeError):
                yield json.loads(line)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
