"""study.json: the answer of a finished study, as `auxseg.study.answers.answer` finds it.

The fields stand in the order of the file. What earlier versions did not write has a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias, final

from pydantic import Field

from auxseg.errors import InputError
from auxseg.files import write_atomically
from auxseg.records.about import Tuned
from auxseg.records.agreement import Agreement
from auxseg.records.arm_result import ArmResult, Cost, Interval, PerSeed
from auxseg.records.metrics import DataFacts
from auxseg.records.names import QUESTION_FILE, STUDY_FILE
from auxseg.records.values.numbers import Count, Fraction, Number, Seconds, Share
from auxseg.records.values.reading import read_versioned
from auxseg.records.values.writing import OMITTED, write_json
from auxseg.strict_yaml import write_yaml

FORMAT: Final = 1
_MEND: Final = "run the study's command again to rewrite it"

_Deviation: TypeAlias = Annotated[float, Field(ge=0, le=1e100, allow_inf_nan=False)]
_NumSeeds: TypeAlias = Annotated[int, Field(ge=1, le=10_000)]


@final
@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What the target alone reaches."""

    name_of_figure: str = ""
    figure_per_seed: PerSeed
    figure: Number | None
    masked_per_step: Number | None = field(default=None, metadata=OMITTED)
    num_diverged: Count = 0
    cost: Cost | None = field(default=None, metadata=OMITTED)


@final
@dataclass(frozen=True)
class Choice:
    """Which arm to use if one must choose now, ``None`` for the target alone, and the same as a sentence."""

    use: str | None
    sentence: str


@final
@dataclass(frozen=True)
class Spread:
    """Standard deviations of single effects; see `auxseg.statistics.simultaneous.Spread`."""

    run: _Deviation
    rest: _Deviation
    arm_image: _Deviation


@final
@dataclass(frozen=True, kw_only=True)
class Beside:
    """How an arm compares with another than the target alone; fields as in `auxseg.records.arm_result.ArmResult`."""

    name: str
    verdict: str
    statements: tuple[str, ...]
    sentence: str
    difference: Number | None
    interval: Interval


@final
@dataclass(frozen=True)
class Against:
    """Arms that differ in their balancers alone, beside the first of them; see `auxseg.study.answers.against`."""

    reference: str
    arms: tuple[Beside, ...]
    remarks: tuple[str, ...] = field(default=(), metadata=OMITTED)


@final
@dataclass(frozen=True)
class Answer:
    """The comparisons at one share of the masks, which are judged together.

    Attributes:
        remarks: what a reader of the verdicts has to know, as sentences.
        choice: what to use now.
        spread: what figures vary with, by which further studies are planned.
        seeds_needed: the fewest with which open arms get a statement, but for those that take more than are worth it;
            ``None`` if there are none.
        against: balancers beside each other.
    """

    label_fraction: Fraction
    baseline: Baseline
    arms: tuple[ArmResult, ...]
    remarks: tuple[str, ...] = field(default=(), metadata=OMITTED)
    choice: Choice | None = field(default=None, metadata=OMITTED)
    spread: Spread | None = field(default=None, metadata=OMITTED)
    seeds_needed: Count | None = field(default=None, metadata=OMITTED)
    against: tuple[Against, ...] = field(default=(), metadata=OMITTED)


@final
@dataclass(frozen=True)
class Rules:
    """What was fixed before anything was trained.

    See `auxseg.statistics.verdicts.Rules`; where ``method`` is ``simultaneous``, `auxseg.statistics.simultaneous`, with
    verdicts at the numbers of seeds in ``looks_at``. ``mirrored`` says whether images were measured mirrored too.
    With ``folds`` every image of train and test is tested once, by networks that have not seen it. With ``at`` masks
    were compared at the images' original size.
    """

    margin: Annotated[float, Field(ge=0, le=1e100, allow_inf_nan=False)]
    alpha: Share
    looks: Annotated[int, Field(ge=1, le=1000)]
    higher_is_better: bool = True
    method: Literal["simultaneous"] | None = field(default=None, metadata=OMITTED)
    looks_at: tuple[Count, ...] = field(default=(), metadata=OMITTED)
    mirrored: bool | None = field(default=None, metadata=OMITTED)
    folds: Count | None = field(default=None, metadata=OMITTED)
    at: Literal["original"] | None = field(default=None, metadata=OMITTED)


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
class MadeWith:
    """Versions, device, threads, precision and weights of some runs."""

    versions: Mapping[str, str]
    device: str
    processor: str
    threads: Count
    precision: str
    weights: tuple[str, ...]


@final
@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """A finished study.

    Attributes:
        figure: the target's main figure, by which arms are judged.
        steps: of each training but those of the control same-compute.
        config: the question, as it was asked.
        answers: one for each share of the masks.
        tuned: what was chosen on validation.
        seconds: of all its runs in training.
        looked_at: the numbers of seeds with which verdicts were given so far.
        made_with: every combination that its runs were begun with.
        recipes: digests of the recipes of the target alone and each auxiliary alone beside it, by name.
        agreement: of rankings with studies, if its candidates were ranked beforehand.
    """

    format: Literal[1] = FORMAT
    target: str
    figure: str
    steps: Count
    seeds: _NumSeeds
    rules: Rules
    data: DataFacts
    config: Mapping[str, object]
    answers: Annotated[tuple[Answer, ...], Field(min_length=1)]
    diverged: tuple[Diverged, ...]
    tuned: tuple[Tuned, ...] = ()
    seconds: Seconds
    looked_at: tuple[Count, ...]
    made_with: tuple[MadeWith, ...] = ()
    recipes: Mapping[str, str] = field(default_factory=dict)
    agreement: Agreement | None = field(default=None, metadata=OMITTED)


def write_study(directory: Path, study: StudyResult) -> None:
    """Write a study's study.json."""
    write_json(directory / STUDY_FILE, study)


def write_question(directory: Path, config: Mapping[str, object]) -> None:
    """Write a study's study.yaml, with which the same question can be asked again."""
    write_atomically(directory / QUESTION_FILE, write_yaml(dict(config), width=80).encode())


def read_study(directory: Path) -> StudyResult:
    """Read a study's study.json.

    Raises `InputError` if there is none, it is of another format, or damaged.
    """
    path = directory / STUDY_FILE
    if not path.exists():
        raise InputError(f"{directory}: no finished study (it holds no {STUDY_FILE})")
    study = read_versioned(path, StudyResult, FORMAT, mend=_MEND)
    for arm in (arm for answer in study.answers for arm in answer.arms):
        for course in (seen.over_time for seen in arm.why.values() if seen.over_time is not None):
            lengths = {len(course.num_looks), *(len(shares) for shares in course.conflicts.values())}
            if lengths != {len(course.steps)}:
                raise InputError(
                    f"{path}: over_time of the arm {arm.name[:40]!a} has columns of different lengths; {_MEND}"
                )
    return study
