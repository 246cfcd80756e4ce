"""study.json: the answer of a finished study, as `auxseg.study.answers.answer` writes it.

What earlier versions did not write has a default.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, final

from pydantic import Field

from auxseg.errors import InputError
from auxseg.records.metrics import DataFacts
from auxseg.records.numbers import Count, Number, Seconds
from auxseg.records.reading import read_json

FORMAT: Final = 1
STUDY_FILE: Final = "study.json"

Interval: TypeAlias = tuple[Number | None, Number | None]
PerSeed: TypeAlias = dict[str, Number | None]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Fraction: TypeAlias = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
_Variance: TypeAlias = Annotated[float, Field(ge=0, le=1e100, allow_inf_nan=False)]
_NumSeeds: TypeAlias = Annotated[int, Field(ge=1, le=10_000)]


@final
@dataclass(frozen=True)
class Advice:
    """What a verdict would take: seeds, and test images where seeds alone would not do."""

    seeds: Count | None
    images: Count | None


@final
@dataclass(frozen=True)
class Variances:
    """What the differences vary with."""

    seed: _Variance | None
    image: _Variance | None
    rest: _Variance | None


@final
@dataclass(frozen=True)
class DeltaM:
    """The mean relative change of the tasks' main figures; ``left_out`` names those whose figure is 0 alone."""

    tasks: tuple[str, ...]
    mean: Number | None
    interval: Interval
    left_out: tuple[str, ...] = ()


@final
@dataclass(frozen=True)
class Reached:
    """The main figure that a task reaches on the test split."""

    name_of_figure: str
    figure_per_seed: PerSeed
    figure: Number | None


@final
@dataclass(frozen=True)
class OverTime:
    """The share of conflicts by group of shared parameters and stretch of the training."""

    steps: tuple[Count, ...]
    num_looks: tuple[Count, ...]
    conflicts: dict[str, tuple[Share | None, ...]]


@final
@dataclass(frozen=True)
class Why:
    """What the gradients of an auxiliary say; see `auxseg.study.answers.gradient_evidence`."""

    cosines: dict[str, Number | None]
    conflicts: Share | None
    affinity: Number | None
    num_looks: Count
    conflicts_by_group: dict[str, Share | None] = field(default_factory=dict)
    over_time: OverTime | None = None


@final
@dataclass(frozen=True)
class ArmResult:
    """The verdict on one arm at one share of the masks, and what it rests on."""

    name: str
    auxiliaries: tuple[str, ...]
    weights: dict[str, Number]
    is_control: bool
    verdict: str
    sentence: str
    difference: Number | None
    interval: Interval
    p_value: Share
    p_value_of_equivalence: Share
    advice: Advice | None
    variances: Variances
    per_seed: dict[str, Number]
    num_images: Count
    num_images_left_out: Count
    missing_seeds: tuple[Count, ...]
    figure_per_seed: PerSeed
    figure: Number | None
    delta_m: DeltaM | None
    description: str | None = None
    tasks: dict[str, Reached] = field(default_factory=dict)
    why: dict[str, Why] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class Baseline:
    """What the target alone reaches."""

    figure_per_seed: PerSeed
    figure: Number | None


@final
@dataclass(frozen=True)
class Answer:
    """The comparisons at one share of the masks."""

    label_fraction: Fraction
    baseline: Baseline
    arms: tuple[ArmResult, ...]


@final
@dataclass(frozen=True)
class Rules:
    """What was fixed before anything was trained."""

    margin: Annotated[float, Field(ge=0, le=1e100, allow_inf_nan=False)]
    alpha: Share
    looks: Literal[1, 2]


@final
@dataclass(frozen=True)
class Diverged:
    """A run whose loss was not finite."""

    arm: str
    seed: Count
    label_fraction: Fraction
    reason: str


@final
@dataclass(frozen=True)
class Tuned:
    """What was chosen on validation for an arm."""

    auxiliaries: tuple[str, ...]
    label_fraction: Fraction
    chosen: Number
    figures: dict[str, Number | None]


@final
@dataclass(frozen=True)
class MadeWith:
    """Versions, device, threads, precision and weights of some runs."""

    versions: dict[str, str]
    device: str
    processor: str
    threads: Count
    precision: str
    weights: tuple[str, ...]


@final
@dataclass(frozen=True)
class Agreement:
    """How far the screening agrees with full studies."""

    sentence: str


@final
@dataclass(frozen=True)
class StudyResult:
    """A finished study."""

    format: Literal[1]
    target: str
    figure: str
    steps: Count
    seeds: _NumSeeds
    rules: Rules
    data: DataFacts
    config: dict[str, object]
    answers: Annotated[tuple[Answer, ...], Field(min_length=1)]
    diverged: tuple[Diverged, ...]
    seconds: Seconds
    looked_at: tuple[Count, ...]
    made_with: tuple[MadeWith, ...] = ()
    tuned: tuple[Tuned, ...] = ()
    agreement: Agreement | None = None


def read_study(directory: Path) -> StudyResult:
    """Read a study's study.json.

    Raises `InputError` if there is none, it is of another format, or damaged.
    """
    path = directory / STUDY_FILE
    if not path.exists():
        raise InputError(f"{directory}: no finished study (it holds no {STUDY_FILE})")
    found = read_json(path, dict[str, Any], mend=_MEND).get("format")
    if found != FORMAT:
        raise InputError(f"{path}: written by another version of auxseg (format {found!a:.40}, expected {FORMAT})")
    study = read_json(path, StudyResult, mend=_MEND)
    for arm in (arm for answer in study.answers for arm in answer.arms):
        for course in (seen.over_time for seen in arm.why.values() if seen.over_time is not None):
            lengths = {len(course.num_looks), *(len(shares) for shares in course.conflicts.values())}
            if lengths != {len(course.steps)}:
                raise InputError(
                    f"{path}: over_time of the arm {arm.name[:40]!a} has columns of several lengths; {_MEND}"
                )
    return study


_MEND: Final = "the study's own command writes it again"
