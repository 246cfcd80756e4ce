"""The same test images in two runs of a study: the target alone above the arm with the best difference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

from auxseg.records.study import Answer
from auxseg.report.runs.pictures import Picture, ranked
from auxseg.report.studies.headline import ranked as best_first
from auxseg.report.studies.study_runs import baseline_name, record_or_none, runs_of


@final
@dataclass(frozen=True)
class Strip:
    """The arm, the seed of both runs, and their pictures of the same images: the target alone, the arm."""

    arm: str
    seed: int
    pairs: list[tuple[Picture, Picture]]


def strip(directory: Path, answer: Answer, *, higher_is_better: bool = True) -> Strip | None:
    """The pictures of the first seed that both have of the test split; ``None`` without, as of versions before."""
    best = next(iter(best_first(answer, higher_is_better=higher_is_better)), None)
    if best is None:
        return None
    alone = runs_of(directory, baseline_name(directory, [arm.name for arm in answer.arms]), answer.label_fraction)
    helped = runs_of(directory, best.name, answer.label_fraction)
    for seed in (seed for seed in alone if seed in helped):
        left, right = _pictures(alone[seed]), _pictures(helped[seed])
        pairs = [(picture, right[id_]) for id_, picture in left.items() if id_ in right]
        if pairs:
            return Strip(best.name, seed, pairs)
    return None


def _pictures(path: Path) -> dict[str, Picture]:
    record = record_or_none(path)
    is_tested = record is not None and record.metrics is not None and record.metrics.split == "test"
    return {picture.id: picture for picture in ranked(record, "same")} if record and is_tested else {}
