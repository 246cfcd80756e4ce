"""events.jsonl: everything that happened in a run, one JSON object a line.

One rule for what is damaged or was cut off: what is whole is used, and what is lost is said. Events of kinds that are
not known here are passed over, because a newer version may have written them.

The fields of an event stand in the order in which `auxseg.records.event_log` writes them. What earlier versions did not
write has a default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, BinaryIO, Final, Literal, TypeAlias, TypeVar, final

from pydantic import Field

from auxseg.errors import InputError
from auxseg.records.metrics import DataFacts, TileFacts
from auxseg.records.names import EVENTS_FILE
from auxseg.records.values.numbers import Count, Figures, Losses, Number, Seconds
from auxseg.records.values.reading import adapter, load_json
from auxseg.records.values.writing import OMITTED

_MAX_LINE: Final = 2**20
_MAX_FILE: Final = 2 * 2**30

_OneOrMore: TypeAlias = Annotated[int, Field(ge=1, le=2**53)]
_ByGroup: TypeAlias = Mapping[str, Mapping[str, Number | None]]
"""By task and group of shared parameters."""


@final
@dataclass(frozen=True, kw_only=True)
class Start:
    """The training began.

    Attributes:
        threads: torch's, of each process.
        calibration: seconds of a step in each arithmetic that was tried; empty where nothing was left to choose.
        parameters: numbers of parameters by part of the network.
        frozen: how many of them are never trained, by part, where there are any.
        weights: by part, where its initial weights are from.
        labelled: how many training samples have a label, by task.
        untrained: the tasks that no sample trains.
    """

    time: str
    command: str
    device: str
    processes: _OneOrMore = 1
    processor: str
    threads: _OneOrMore
    versions: Mapping[str, str]
    precision: str
    channels_last: bool
    calibration: Mapping[str, Seconds] | None = None
    parameters: Mapping[str, Count]
    frozen: Mapping[str, Count] | None = field(default=None, metadata=OMITTED)
    weights: Mapping[str, str] = field(default_factory=dict)
    steps: Count
    steps_per_epoch: _OneOrMore
    data: DataFacts
    labelled: Mapping[str, Count] = field(default_factory=dict)
    untrained: tuple[str, ...] = ()


@final
@dataclass(frozen=True, kw_only=True)
class Resume:
    """The training went on from a checkpoint, to a number of steps."""

    time: str = ""
    step: Count
    steps: Count


@final
@dataclass(frozen=True, kw_only=True)
class Step:
    """One optimiser step; ``phase`` is empty in a run of a single one.

    ``fallbacks`` counts the steps so far, of this phase, in which the balancer found no answer and followed the mean of
    the gradients.
    """

    step: Count
    losses: Losses
    weights: Losses
    learning_rate: Number | None = None
    gradient_norm: Number | None = None
    seconds: Seconds
    data_seconds: Seconds
    phase: str = field(default="", metadata=OMITTED)
    fallbacks: Count = field(default=0, metadata=OMITTED)


@final
@dataclass(frozen=True, kw_only=True)
class Validated:
    """The validation split was measured; ``best`` is true if the model was kept.

    ``lost`` are the shares of the true pixels of those classes of the target of which no pixel was found. ``merged``
    are the weights with which branches were merged before, by auxiliary, and of that of the target alone.
    """

    step: Count
    epoch: Number | None = None
    figures: Figures
    losses: Losses
    seconds: Seconds
    best: bool
    phase: str = field(default="", metadata=OMITTED)
    lost: Mapping[str, Number] = field(default_factory=dict, metadata=OMITTED)
    merged: Mapping[str, Number] = field(default_factory=dict, metadata=OMITTED)


@final
@dataclass(frozen=True, kw_only=True)
class Gradients:
    """The tasks' gradients were compared; see `auxseg.training.gradients.conflict.Look`."""

    step: Count
    norms: _ByGroup = field(default_factory=dict)
    cosines: _ByGroup
    affinities: Mapping[str, Number | None]
    seconds: Seconds
    phase: str = field(default="", metadata=OMITTED)


@final
@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """A split of ``data`` was read to evaluate the run, and its mirror images too if it is ``mirrored``.

    ``tta``, ``at`` and ``tiles`` are those of `auxseg.records.metrics.Metrics`.
    """

    time: str = ""
    split: str
    step: Count
    data: str = ""
    mirrored: bool = field(default=False, metadata=OMITTED)
    tta: Literal["none", "flip"] = field(default="none", metadata=OMITTED)
    at: Literal["stored", "original"] = field(default="stored", metadata=OMITTED)
    tiles: TileFacts | None = field(default=None, metadata=OMITTED)


@final
@dataclass(frozen=True, kw_only=True)
class End:
    """The training ended."""

    time: str
    step: Count = 0
    reason: str
    seconds: Seconds = 0.0
    peak_memory_bytes: Count | None = None


Event: TypeAlias = Start | Resume | Step | Validated | Gradients | Evaluated | End
KINDS: Final[dict[str, type[Event]]] = {
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
    def start(self) -> Start | None:
        """How the training began, ``None`` before it did."""
        return next(iter(self.of(Start)), None)

    @cached_property
    def kept(self) -> Validated | None:
        """The validation of the model that is kept, ``None`` before there is one."""
        return next((event for event in reversed(self.whole) if isinstance(event, Validated) and event.best), None)

    @cached_property
    def num_fallbacks(self) -> int:
        """In how many steps the balancer found no answer and followed the mean of the gradients, over all phases."""
        return sum({step.phase: step.fallbacks for step in self.of(Step)}.values())

    @cached_property
    def has_ended(self) -> bool:
        """Whether the training came to its end."""
        return bool(self.of(End))

    @cached_property
    def seconds_in_training(self) -> float:
        """Of all steps and validations, those before an interruption too."""
        return sum(event.seconds for event in self.whole if isinstance(event, Step | Validated))

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
    whole: list[Event] = []
    lost: list[int] = []
    for number, line in numbered_lines(run / EVENTS_FILE):
        try:
            event = parse_event(line)
        except (ValueError, RecursionError):
            lost.append(number)
        else:
            whole += [] if event is None else [event]
    return Events(tuple(whole), tuple(lost))


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Every line of a log with its number, but empty ones. Raises `InputError` as `read_events` does."""
    if not path.exists():
        return
    try:
        if not path.is_file():  # reading a pipe or a device might never end
            raise InputError(f"{path}: expected a file, found something else")
        if path.stat().st_size > _MAX_FILE:
            raise InputError(f"{path}: expected at most {_MAX_FILE:,} bytes, found more")
        with path.open("rb") as file:
            yield from _lines(file)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def parse_event(line: bytes) -> Event | None:
    """The event of a line, ``None`` if its kind is unknown. Raises ValueError or RecursionError if it is not whole."""
    values = load_json(line)
    kind = values.get("event") if isinstance(values, dict) else None
    if not isinstance(kind, str):
        raise ValueError("no event")
    return adapter(KINDS[kind]).validate_json(line, strict=True) if kind in KINDS else None


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
