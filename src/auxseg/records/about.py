"""about.json and planned.json of a study's directory: what it is about, what was decided for all its runs, what it has
judged, and which trainings it plans.

The fields stand in the order of the file. What is not known yet is left out of it, and what earlier versions did not
write has a default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias, final

from pydantic import Field

from auxseg.records.names import ABOUT_FILE, PLANNED_FILE
from auxseg.records.values.numbers import Count, Fraction, Number, Seconds
from auxseg.records.values.reading import read_json, read_versioned
from auxseg.records.values.writing import OMITTED, write_json

FORMAT: Final = 1
_MEND: Final = "give another --out"

_Threads: TypeAlias = Annotated[int, Field(ge=1, le=4096)]
_Factor: TypeAlias = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


@final
@dataclass(frozen=True)
class Versions:
    """Those of the packages that decide about what is trained, and Python's."""

    auxseg: str
    torch: str
    python: str = field(default="", metadata=OMITTED)


@final
@dataclass(frozen=True, kw_only=True)
class Origin:
    """With what a study was begun; ``weights`` is the SHA-256 of the file with pretrained ones."""

    versions: Versions
    device: str = field(default="", metadata=OMITTED)
    weights: str | None


@final
@dataclass(frozen=True, kw_only=True)
class SameCompute:
    """How many times as long the control same-compute is trained, and the arm whose computing that takes.

    ``recipe`` is that arm's digest, by which it is told from others of its name.
    """

    arm: str
    recipe: str = field(default="", metadata=OMITTED)
    factor: _Factor


@final
@dataclass(frozen=True, kw_only=True)
class Tuned:
    """The choice for one arm at one share of the masks.

    Attributes:
        auxiliaries: the arm's; none for the target alone.
        label_fraction: the share.
        chosen: the weight of its auxiliaries; for the target alone, the factor on the base's learning rate.
        figures: by candidate, the mean of the target's validation figure, ``None`` if a run diverged.
        sentence: the same in words.
        seconds: what its runs took in training.
        recipe: the digest of the recipe that it was chosen for.
        figure: the name of that validation figure; empty if an earlier version did not write it.
    """

    auxiliaries: tuple[str, ...]
    label_fraction: Fraction
    chosen: _Factor
    figures: Mapping[str, Number | None]
    sentence: str = field(default="", metadata=OMITTED)
    seconds: Seconds = 0.0
    recipe: str = field(default="", metadata=OMITTED)
    figure: str = field(default="", metadata=OMITTED)


@final
@dataclass(frozen=True)
class Choices:
    """What is decided once for all runs of a study."""

    precision: Literal["fp32", "bf16", "fp16"] | None = field(default=None, metadata=OMITTED)
    channels_last: bool | None = field(default=None, metadata=OMITTED)
    threads: _Threads | None = field(default=None, metadata=OMITTED)
    same_compute: SameCompute | None = field(default=None, metadata=OMITTED)
    tuned: tuple[Tuned, ...] = field(default=(), metadata=OMITTED)


@final
@dataclass(frozen=True, kw_only=True)
class Question:
    """What must not change in a directory; ``base`` are the settings of the target alone.

    ``method`` is ``None`` in a study that is judged per arm, and ``looks`` in one that is not: its planned looks are
    the numbers of seeds in ``looks_at``. A screening asks neither for a margin nor for looks, and only a study that
    tunes has what it tunes by. ``figure`` is ``None`` where arms are judged by the target's main figure, ``at`` where
    masks are compared at the stored size.
    """

    target: str
    method: Literal["simultaneous"] | None = field(default=None, metadata=OMITTED)
    figure: str | None = field(default=None, metadata=OMITTED)
    margin: Number | None = field(default=None, metadata=OMITTED)
    looks: Count | None = field(default=None, metadata=OMITTED)
    looks_at: tuple[Count, ...] = field(default=(), metadata=OMITTED)
    mirrored: bool | None = field(default=None, metadata=OMITTED)
    at: Literal["original"] | None = field(default=None, metadata=OMITTED)
    first_seed: Count | None = field(default=None, metadata=OMITTED)
    label_fractions: tuple[Number, ...]
    folds: Count | None = field(default=None, metadata=OMITTED)
    base: Mapping[str, object]
    tune_weights: tuple[float, ...] = field(default=(), metadata=OMITTED)
    tuning_seeds: Count | None = field(default=None, metadata=OMITTED)


@final
@dataclass(frozen=True, kw_only=True)
class Judged:
    """An arm of which a verdict (of a screening: a rank) was given, with all settings of its recipe.

    ``settings`` are those that it alone has, and ``family`` counts the times that arms were added after verdicts.
    """

    auxiliaries: tuple[str, ...]
    label: str = field(default="", metadata=OMITTED)
    settings: tuple[str, ...] = field(default=(), metadata=OMITTED)
    family: Count | None = field(default=None, metadata=OMITTED)
    is_longer: bool
    is_control: bool
    recipe: Mapping[str, object]


@final
@dataclass(frozen=True, kw_only=True)
class About:
    """A study's directory; ``looked_at`` are the numbers of seeds with which verdicts were given, ascending."""

    format: Literal[1] = FORMAT
    content_hash: str
    origin: Origin | None = field(default=None, metadata=OMITTED)
    choices: Choices = field(default_factory=Choices)
    question: Question | None = field(default=None, metadata=OMITTED)
    judged: tuple[Judged, ...] = field(default=(), metadata=OMITTED)
    looked_at: tuple[Count, ...] = field(default=(), metadata=OMITTED)


@final
@dataclass(frozen=True)
class _Asked:
    question: object = None


def read_about(study: Path) -> About | None:
    """Read a study's about.json, ``None`` before it is begun.

    Raises `InputError` if it is of another format, or damaged.
    """
    path = study / ABOUT_FILE
    return read_versioned(path, About, FORMAT, mend=_MEND) if path.is_file() else None


def write_about(study: Path, about: About) -> None:
    """Write a study's about.json."""
    write_json(study / ABOUT_FILE, about)


def read_asked_target(study: Path) -> str:
    """The target that a study asks about, whatever else its about.json holds; empty before it is known."""
    question = read_json(study / ABOUT_FILE, _Asked).question
    target = question.get("target") if isinstance(question, dict) else None
    return target if isinstance(target, str) else ""


@final
@dataclass(frozen=True)
class PlannedTraining:
    """One training that a study plans: the name of its directory in ``runs``, and what it is.

    ``fold`` is the one that it is tested on, such as ``2/5``; empty for the test split of the store.
    """

    directory: str
    arm: str
    seed: Count
    label_fraction: Fraction
    fold: str = field(default="", metadata=OMITTED)


def read_planned(study: Path) -> tuple[PlannedTraining, ...]:
    """Read a study's planned.json, nothing if an earlier version began it. Raises `InputError` if it is damaged."""
    path = study / PLANNED_FILE
    return read_json(path, tuple[PlannedTraining, ...]) if path.exists() else ()


def write_planned(study: Path, trainings: Sequence[PlannedTraining]) -> None:
    """Write a study's planned.json."""
    write_json(study / PLANNED_FILE, trainings)
