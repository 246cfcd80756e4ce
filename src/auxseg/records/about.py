"""about.json and planned.json of a study's directory: what it is about, and which trainings it plans."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, final

from pydantic import Field

from auxseg.records.numbers import Count, Number, Seconds
from auxseg.records.reading import read_json

FORMAT: Final = 1
ABOUT_FILE: Final = "about.json"
PLANNED_FILE: Final = "planned.json"
_MEND: Final = "give another --out"

_Factor: TypeAlias = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
_Share: TypeAlias = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
_Threads: TypeAlias = Annotated[int, Field(ge=1, le=4096)]


@final
@dataclass(frozen=True)
class _Versions:
    auxseg: str
    torch: str


@final
@dataclass(frozen=True)
class _Origin:
    versions: _Versions
    weights: str | None


@final
@dataclass(frozen=True)
class _SameCompute:
    arm: str
    factor: _Factor
    recipe: str = ""


@final
@dataclass(frozen=True)
class _Tuned:
    auxiliaries: tuple[str, ...]
    label_fraction: _Share
    chosen: _Factor
    figures: dict[str, Number | None]
    seconds: Seconds


@final
@dataclass(frozen=True)
class _Choices:
    threads: _Threads | None = None
    precision: Literal["fp32", "bf16", "fp16"] | None = None
    channels_last: bool | None = None
    same_compute: _SameCompute | None = None
    tuned: tuple[_Tuned, ...] = ()


@final
@dataclass(frozen=True)
class _Judged:
    auxiliaries: tuple[str, ...]
    is_longer: bool
    is_control: bool
    recipe: dict[str, object]


@final
@dataclass(frozen=True)
class _About:
    content_hash: str
    choices: _Choices
    origin: _Origin | None = None
    question: dict[str, object] | None = None
    judged: tuple[_Judged, ...] = ()
    looked_at: tuple[Count, ...] = ()


def read_about(path: Path) -> dict[str, Any]:
    """Read an about.json whose values are of the types that a study goes on with.

    The mapping is the file's own, because a study writes it back with changes. Of another format nothing but the format
    is checked. Raises `InputError` if it is damaged.
    """
    about = read_json(path, dict[str, Any], mend=_MEND)
    if about.get("format") == FORMAT:
        read_json(path, _About, mend=_MEND)
    return about


@final
@dataclass(frozen=True)
class PlannedTraining:
    """One training that a study plans: the name of its directory in ``runs``, and what it is."""

    directory: str
    arm: str
    seed: Count
    label_fraction: _Share


def read_planned(study: Path) -> tuple[PlannedTraining, ...]:
    """Read a study's planned.json, nothing if an earlier version began it. Raises `InputError` if it is damaged."""
    path = study / PLANNED_FILE
    return read_json(path, tuple[PlannedTraining, ...]) if path.exists() else ()
