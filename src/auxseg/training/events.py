"""events.jsonl: everything that happened in a run, one JSON object a line, rewritten only to resume."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, final

from pydantic import Field, TypeAdapter, ValidationError

from auxseg.errors import InputError
from auxseg.files import naming, write_atomically

_OF_A_STEP: Final = ("step", "gradients", "validation", "end")
_MAX_LINE_BYTES: Final = 2**22

_Count = Annotated[int, Field(ge=0, lt=2**53)]
_Number = float | None
"""A number that was not finite is null."""


@final
class EventLog:
    """Appends events to a file. A file that does not exist yet is made by the first event."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, event: str, **values: Any) -> dict[str, Any]:
        """Write one event as one line, and return what it says; numbers that are not finite become null."""
        written = {"event": event, **_finite(values)}
        line = json.dumps(written, allow_nan=False) + "\n"
        with naming(self.path), self.path.open("a+b") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(length - 1, 0))
            if file.read(1) not in (b"", b"\n"):  # a line was cut off, by a full disk say
                line = "\n" + line
            file.write(line.encode())
        return written

    def sync(self) -> None:
        """Let the disk hold what was appended: a power cut must not take lines that a checkpoint counts on."""
        with naming(self.path), self.path.open("rb") as file:
            os.fsync(file.fileno())

    def rewind(self, step: int) -> None:
        """Forget what happened after ``step``, so that a resumed run holds every step once."""
        kept = [event for event in read_events(self.path) if event["event"] not in _OF_A_STEP or event["step"] <= step]
        kept = [event for event in kept if event["event"] != "end"]
        write_atomically(self.path, "".join(json.dumps(event) + "\n" for event in kept).encode())


@final
@dataclass(frozen=True)
class _Data:
    """What the line of a start says of its data."""

    path: str | None = None
    content_hash: str | None = None


@final
@dataclass(frozen=True)
class _Event:
    """What the lines hold that this package reads again, if they hold it; a line may hold more."""

    event: str
    step: _Count | None = None
    steps: _Count | None = None
    steps_per_epoch: Annotated[_Count, Field(ge=1)] | None = None
    processes: Annotated[_Count, Field(ge=1)] | None = None
    threads: Annotated[_Count, Field(ge=1)] | None = None
    epoch: float | None = None
    losses: dict[str, _Number] | None = None
    weights: dict[str, _Number | str] | None = None
    """Of a step, what its losses counted; of a start, where the weights of the network are from."""
    figures: dict[str, dict[str, _Number]] | None = None
    seconds: float | None = None
    best: bool | None = None
    data: _Data | str | None = None


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


_DECODER: Final = json.JSONDecoder(parse_constant=_no_number)
_REQUIRED: Final = {
    "step": ("step",),
    "gradients": ("step",),
    "validation": ("step",),
    "end": (),
}


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """All whole events of a file; a line that was cut off is left out.

    Raises `InputError` for a line that is an event, but holds values that none has, and for one that is too long.
    """
    if not path.exists():
        return
    if not path.is_file():  # reading a pipe or a device might never end
        raise InputError(f"{path}: expected a file")
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > _MAX_LINE_BYTES:
                raise InputError(f"{path}, line {number}: has more than {_MAX_LINE_BYTES:,} bytes; it is damaged")
            try:
                values = _DECODER.decode(line.decode())
            except (ValueError, RecursionError):  # cut off, or a disk's doing: whoever needs what it said will miss it
                continue
            yield _checked(line, values, f"{path}, line {number}")


def _checked(line: bytes, values: Any, place: str) -> dict[str, Any]:
    try:
        event = _adapter().validate_json(line, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(ascii(part)[1:-1][:40] if isinstance(part, str) else str(part) for part in first["loc"])
        raise InputError(f"{place}: {key or 'the line'}: {first['msg']}; it is damaged") from None
    missing = [key for key in _REQUIRED.get(event.event, ()) if values.get(key) is None]
    if missing:
        raise InputError(f"{place}: expected a {missing[0]}, found none; it is damaged")
    if event.event == "step" and any(isinstance(weight, str) for weight in (event.weights or {}).values()):
        raise InputError(f"{place}: weights: expected numbers, found a text; it is damaged")
    return values


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter:
    return TypeAdapter(_Event)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
