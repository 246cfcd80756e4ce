"""events.jsonl: everything that happened in a run, one JSON object a line.

One rule for what is damaged or was cut off: what is whole is used, and what is lost is said. Events of kinds that are
not known here are passed over, because a newer version may have written them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias, TypeVar, final

from auxseg.errors import InputError
from auxseg.records.metrics import DataFacts
from auxseg.records.numbers import Count, Figures, Losses, Number, Seconds
from auxseg.records.reading import adapter, load_json

_MAX_LINE: Final = 2**20
_MAX_FILE: Final = 2 * 2**30


@final
@dataclass(frozen=True)
class Start:
    """The training began."""

    time: str
    command: str
    device: str
    processor: str
    threads: Count
    versions: dict[str, str]
    precision: str
    channels_last: bool
    parameters: dict[str, Count]
    steps: Count
    steps_per_epoch: Count
    data: DataFacts
    processes: Count = 1
    calibration: dict[str, Seconds] | None = None


@final
@dataclass(frozen=True)
class Resume:
    """The training went on from a checkpoint, to a number of steps."""

    step: Count
    steps: Count


@final
@dataclass(frozen=True)
class Step:
    """One optimiser step."""

    step: Count
    losses: Losses
    weights: Losses
    seconds: Seconds
    data_seconds: Seconds


@final
@dataclass(frozen=True)
class Validated:
    """The validation split was measured; ``best`` is true if the model was kept."""

    step: Count
    figures: Figures
    losses: Losses
    seconds: Seconds
    best: bool


@final
@dataclass(frozen=True)
class Gradients:
    """The tasks' gradients were compared."""

    step: Count
    cosines: dict[str, dict[str, Number | None]]
    affinities: dict[str, Number | None]
    seconds: Seconds


@final
@dataclass(frozen=True)
class Evaluated:
    """A split was read to evaluate the run."""

    split: str
    step: Count


@final
@dataclass(frozen=True)
class End:
    """The training ended."""

    time: str
    reason: str
    peak_memory_bytes: Count | None = None


Event: TypeAlias = Start | Resume | Step | Validated | Gradients | Evaluated | End
_KINDS: Final[dict[str, type[Event]]] = {
    "start": Start,
    "resume": Resume,
    "step": Step,
    "validation": Validated,
    "gradients": Gradients,
    "evaluate": Evaluated,
    "end": End,
}
_E = TypeVar("_E", Start, Resume, Step, Validated, Gradients, Evaluated, End)


@final
@dataclass(frozen=True)
class Events:
    """The events that are whole, in order, and the numbers of the lines that are not."""

    whole: tuple[Event, ...] = ()
    lost: tuple[int, ...] = field(default=())

    def of(self, kind: type[_E]) -> tuple[_E, ...]:
        """All events of one kind, in order."""
        return tuple(event for event in self.whole if isinstance(event, kind))

    @cached_property
    def loss(self) -> str:
        """What is lost, as a sentence; empty if nothing is."""
        if not self.lost:
            return ""
        shown = ", ".join(f"{number:,}" for number in self.lost[:5]) + (", …" if len(self.lost) > 5 else "")
        if len(self.lost) == 1:
            return f"Line {shown} of events.jsonl is damaged or was cut off, and is left out here."
        return f"{len(self.lost):,} lines of events.jsonl are damaged or were cut off, and are left out here: {shown}."


def read_events(run: Path) -> Events:
    """Read a run's events.jsonl, nothing if there is none yet.

    Raises `InputError` if it is no file, cannot be read, or is larger than a training of any length could make it.
    """
    path = run / "events.jsonl"
    if not path.exists():
        return Events()
    whole: list[Event] = []
    lost: list[int] = []
    try:
        if not path.is_file():
            raise InputError(f"{path}: expected a file, found something else")
        if path.stat().st_size > _MAX_FILE:
            raise InputError(f"{path}: expected at most {_MAX_FILE:,} bytes, found more")
        with path.open("rb") as file:
            for number, line in _lines(file):
                try:
                    whole += _event(line)
                except (ValueError, RecursionError):
                    lost.append(number)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    return Events(tuple(whole), tuple(lost))


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Every line with its number, no more than its beginning if it is longer than any event."""
    number = 0
    while line := file.readline(_MAX_LINE):
        number += 1
        rest = line
        while len(rest) == _MAX_LINE and not rest.endswith(b"\n"):
            rest = file.readline(_MAX_LINE)
        if line.strip():
            yield number, line


def _event(line: bytes) -> list[Event]:
    """The event of a line, nothing if its kind is unknown. Raises ValueError or RecursionError if it is not whole."""
    values = load_json(line)
    kind = values.get("event") if isinstance(values, dict) else None
    if not isinstance(kind, str):
        raise ValueError("no event")
    return [adapter(_KINDS[kind]).validate_json(line, strict=True)] if kind in _KINDS else []
