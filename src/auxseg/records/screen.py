"""screen.json: the ranking of a study's candidates, as `auxseg.study.screening.screening` finds it.

The fields stand in the order of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, final

from auxseg.records.agreement import Agreement
from auxseg.records.metrics import DataFacts
from auxseg.records.names import SCREEN_FILE
from auxseg.records.values.numbers import Count, Fraction, Number, Seconds
from auxseg.records.values.reading import read_json
from auxseg.records.values.writing import OMITTED, write_json

FORMAT: Final = 1


@final
@dataclass(frozen=True)
class RankedCandidate:
    """An auxiliary, its rank from 1, and what short trainings showed of it; see `auxseg.study.screening.ranking`."""

    rank: Count
    name: str
    per_seed: Mapping[str, Number | None]
    affinity: Number | None
    reason: str | None
    difference: Number | None


@final
@dataclass(frozen=True)
class Ranking:
    """The candidates at one share of the masks, the best first."""

    label_fraction: Fraction
    candidates: tuple[RankedCandidate, ...]


@final
@dataclass(frozen=True, kw_only=True)
class ScreenResult:
    """A finished screening.

    Attributes:
        figure: the target's main figure, by which candidates are compared.
        seeds: trainings of each candidate and of the target alone.
        steps: of each training.
        cost_in_steps: what all trainings take, validations and looks at gradients included.
        cost_of_study_in_steps: what those of its study take.
        config: the study's question.
        answers: one for each share of the masks.
        seconds: of all its runs in training.
        recipes: digests of the recipes by name, as of `auxseg.records.study.StudyResult`.
        agreement: of rankings with studies.
    """

    format: Literal[1] = FORMAT
    target: str
    figure: str
    seeds: Count
    steps: Count
    cost_in_steps: Number
    cost_of_study_in_steps: Number
    config: Mapping[str, object]
    answers: tuple[Ranking, ...]
    seconds: Seconds
    data: DataFacts
    recipes: Mapping[str, str]
    agreement: Agreement | None = field(default=None, metadata=OMITTED)


def write_screen(directory: Path, screen: ScreenResult) -> None:
    """Write the screen.json of a screening's own directory."""
    write_json(directory / SCREEN_FILE, screen)


def read_screen(directory: Path) -> ScreenResult:
    """Read it. Raises `InputError` if it is missing or damaged."""
    return read_json(directory / SCREEN_FILE, ScreenResult, mend="run the screening's command again to rewrite it")
