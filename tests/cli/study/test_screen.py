"""What `auxseg study --screen` prints: what it takes, a ranking, and that it is no verdict."""

from __future__ import annotations

import io
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from auxseg.cli.study import screen as module
from auxseg.cli.study.command import Study
from auxseg.cli.study.screen import screen
from auxseg.errors import InputError
from auxseg.records.agreement import Agreement
from auxseg.records.screen import RankedCandidate, Ranking, ScreenResult
from auxseg.records.values.writing import to_mapping
from auxseg.study.execution.time_estimate import Effort
from auxseg.study.execution.trainings import Execution
from tests.records.made_events import DATA

CANDIDATES = (
    RankedCandidate(1, "box", {}, 0.002, None, 0.01234),
    RankedCandidate(2, "edges", {}, None, None, -0.005),
    RankedCandidate(3, "depth", {}, None, "depth, seed 0: the loss is [nan]", None),
)
RESULT = ScreenResult(
    target="segmentation",
    figure="iou_dataset",
    seeds=2,
    steps=30,
    cost_in_steps=120,
    cost_of_study_in_steps=960,
    config={},
    answers=(Ranking(0.05, CANDIDATES),),
    seconds=60.0,
    data=DATA,
    recipes={},
    agreement=Agreement(sentence="no study of this question is done yet"),
)


class _Screening:
    """Stands for the trainings."""

    seeds = 2

    def __init__(self, study: Any) -> None:
        self.directory = "the directory"
        self.asked: dict[str, Any] = {}
        made.append(self)

    def plan(self, *, threads: int | None) -> tuple[Any, Any]:
        self.threads = threads
        return SimpleNamespace(steps=30, seeds=self.seeds, cost=120, cost_of_study=960), SimpleNamespace(runs=[0] * 8)

    def estimate(self, plan: Any, *, workers: int, threads: int | None) -> Effort:
        return Effort(8, 1, 60.0 / workers)

    def run(self, execution: Execution) -> ScreenResult:
        self.asked = vars(execution)
        return RESULT


made: list[_Screening] = []


@pytest.fixture(autouse=True)
def _no_trainings(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def progress(console: Console, directory: Any) -> Any:
        assert directory == "the directory"  # that of the screening, not the study's
        yield SimpleNamespace(show="show", tell="tell")

    made.clear()
    monkeypatch.setattr(module, "Screening", _Screening)
    monkeypatch.setattr(module, "StudyProgress", progress)


def _screened(**options: Any) -> tuple[dict[str, Any], str]:
    said = io.StringIO()
    study: Any = None
    result = screen(Study(data=Path("x.h5"), screen=True, **options), study, Console(file=said, width=120))
    return result, said.getvalue()


def test_a_best_arm_cannot_be_asked_for() -> None:
    with pytest.raises(InputError, match="--best cannot be combined with --screen, which trains no arm to its end"):
        _screened(best=Path("best.yaml"))
    assert made == []


def test_it_says_what_it_takes_of_the_study() -> None:
    _, said = _screened()
    assert "screening: 8 trainings of 30 steps on 2 seeds, 12.5% of the study's steps and validations" in said


def test_one_seed_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Screening, "seeds", 1)
    assert "on 1 seed, " in _screened(dry_run=True)[1]


def test_a_dry_run_trains_nothing() -> None:
    result, said = _screened(dry_run=True, workers=2, threads=1)
    told = {"runs": 8, "done": 1, "seconds": 30.0, "per_arm": {}, "steps": 30, "seeds": 2, "share": 0.125}
    assert result == told
    assert "8 runs, 1 of them done, about 30 s with 2 worker(s)" in said
    assert made[0].asked == {}
    assert made[0].threads == 1


def test_the_ranking_is_shown_in_points_and_percent() -> None:
    result, said = _screened(threads=3)
    assert result == to_mapping(RESULT)
    rows = [line.replace("│", " ").split() for line in said.splitlines()]
    assert ["1", "box", "+1.23", "+0.20"] in rows
    assert ["2", "edges", "-0.50"] in rows
    assert ["3", "depth"] in rows
    assert "segmentation, with 5% of the masks" in said
    assert "validation, points of iou_dataset" in said


def test_what_diverged_is_said_as_it_is_and_that_a_ranking_is_no_verdict() -> None:
    _, said = _screened()
    assert said.count("diverged: ") == 1
    assert "diverged: depth, seed 0: the loss is [nan]\n" in said
    assert said.endswith(
        "agreement: no study of this question is done yet\na ranking is not a verdict; the study itself gives "
        "verdicts\n"
    )


def test_trainings_are_told_and_shown() -> None:
    _screened(threads=3, workers=2)
    asked = made[0].asked
    assert (asked["threads"], asked["watch"], asked["tell"]) == (3, "show", "tell")
    assert asked["site"].number == 2
