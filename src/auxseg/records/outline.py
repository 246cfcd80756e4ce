"""What the agreement of a screening with its study rests on: a few values of screen.json and study.json.

Both may be of another study, in a neighbouring directory, and of an earlier version.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar, final

from pydantic import Field

from auxseg.errors import InputError
from auxseg.records.numbers import Number
from auxseg.records.reading import read_json
from auxseg.records.study import FORMAT

_Duration: TypeAlias = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
_T = TypeVar("_T")


@final
@dataclass(frozen=True)
class Data:
    """The data, by what is in them."""

    content_hash: str


@final
@dataclass(frozen=True)
class Candidate:
    """A candidate of a screening."""

    name: str
    difference: Number | None


@final
@dataclass(frozen=True)
class Ranking:
    """The candidates at one share of the masks, the best first."""

    label_fraction: Number
    candidates: tuple[Candidate, ...]


@final
@dataclass(frozen=True)
class ScreenOutline:
    """A screening; ``recipes`` are digests by arm."""

    answers: tuple[Ranking, ...]
    seconds: _Duration
    data: Data | None = None
    recipes: dict[str, str] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class Arm:
    """An arm of a study, and by how much it differed."""

    name: str
    auxiliaries: tuple[str, ...]
    is_control: bool
    difference: Number | None


@final
@dataclass(frozen=True)
class Compared:
    """The arms at one share of the masks."""

    label_fraction: Number
    arms: tuple[Arm, ...]


@final
@dataclass(frozen=True)
class Rules:
    """Which way is better."""

    higher_is_better: bool


@final
@dataclass(frozen=True)
class StudyOutline:
    """A finished study; ``recipes`` are digests by arm."""

    answers: tuple[Compared, ...]
    rules: Rules
    seconds: _Duration
    data: Data
    recipes: dict[str, str] = field(default_factory=dict)


def read_outline(path: Path, type_: type[_T]) -> _T | None:
    """Read as much of a file; ``None`` if there is none, it is damaged, or of another format."""
    try:
        if read_json(path, dict[str, Any]).get("format") != FORMAT:
            return None
        return read_json(path, type_)
    except InputError:
        return None
