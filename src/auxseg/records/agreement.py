"""How far screenings agree with studies: what it rests on, a few values of screen.json and study.json, and the result.

Both files may be of another study, in a neighbouring directory, and of an earlier version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, TypeAlias, TypeVar, final

from pydantic import Field

from auxseg.errors import InputError
from auxseg.records.names import SCREEN_FILE, SCREENING_FOLDER, STUDY_FILE
from auxseg.records.values.numbers import Count, Number
from auxseg.records.values.reading import read_json
from auxseg.records.values.writing import write_json

_FORMAT: Final = 1
_Duration: TypeAlias = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]


@final
@dataclass(frozen=True)
class Comparison:
    """A screening and the study of the same question, at one share of the masks.

    Attributes:
        study: the directory.
        label_fraction: the share.
        candidates: those that were both ranked and fully trained, the best of the ranking first.
        spearman: rank correlation of the ranking with the mean differences on the test split.
        kendall: the same by Kendall's tau-b.
        is_top_1: whether the first of the ranking was the best of them.
        share_of_time: what the screening took of the study's time in training.
    """

    study: str
    label_fraction: Number
    candidates: tuple[str, ...]
    spearman: Number
    kendall: Number
    is_top_1: bool
    share_of_time: Number


@final
@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far rankings agree with full studies; ``top_1`` counts those whose first was the best."""

    comparisons: tuple[Comparison, ...] = ()
    top_1: Count = 0
    sentence: str


@final
@dataclass(frozen=True)
class DataOutline:
    """The data, by what is in them."""

    content_hash: str


@final
@dataclass(frozen=True)
class CandidateOutline:
    """A candidate of a screening."""

    name: str
    difference: Number | None


@final
@dataclass(frozen=True)
class RankingOutline:
    """The candidates at one share of the masks, the best first."""

    label_fraction: Number
    candidates: tuple[CandidateOutline, ...]


@final
@dataclass(frozen=True)
class ScreenOutline:
    """A screening; ``recipes`` are digests by arm."""

    answers: tuple[RankingOutline, ...]
    seconds: _Duration
    data: DataOutline | None = None
    recipes: Mapping[str, str] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class ArmOutline:
    """An arm of a study, and by how much it differed."""

    name: str
    auxiliaries: tuple[str, ...]
    is_control: bool
    difference: Number | None


@final
@dataclass(frozen=True)
class AnswerOutline:
    """The arms at one share of the masks."""

    label_fraction: Number
    arms: tuple[ArmOutline, ...]


@final
@dataclass(frozen=True)
class RulesOutline:
    """Which way is better."""

    higher_is_better: bool


@final
@dataclass(frozen=True)
class StudyOutline:
    """A finished study; ``recipes`` are digests by arm."""

    answers: tuple[AnswerOutline, ...]
    rules: RulesOutline
    seconds: _Duration
    data: DataOutline
    recipes: Mapping[str, str] = field(default_factory=dict)


_T = TypeVar("_T", ScreenOutline, StudyOutline)


def read_study_outline(directory: Path) -> StudyOutline | None:
    """Read as much of a study's answer; ``None`` if there is none, it is damaged, or of another format."""
    return _outline(directory / STUDY_FILE, StudyOutline)


def read_screen_outline(directory: Path) -> ScreenOutline | None:
    """The same of the screening in a study's directory."""
    return _outline(directory / SCREENING_FOLDER / SCREEN_FILE, ScreenOutline)


def keep_agreement(directory: Path, agreement: Agreement) -> None:
    """Write the agreement into the screening of a study's directory, whose other values stay as they are."""
    path = directory / SCREENING_FOLDER / SCREEN_FILE
    write_json(path, {**read_json(path, dict[str, object]), "agreement": agreement})


def _outline(path: Path, type_: type[_T]) -> _T | None:
    try:
        if read_json(path, dict[str, object]).get("format") != _FORMAT:
            return None
        return read_json(path, type_)
    except InputError:
        return None
