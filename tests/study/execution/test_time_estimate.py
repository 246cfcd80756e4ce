"""The time of a study is added up from what its trainings were measured to take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from auxseg.errors import DivergedError
from auxseg.recipe import Recipe
from auxseg.records.event_log import EventLog
from auxseg.run import Run
from auxseg.study.design.plan import PlannedRun, make_plan
from auxseg.study.execution import time_estimate as calibration
from auxseg.study.execution.time_estimate import Effort, effort, seconds_of
from auxseg.training.calibrate import Choice
from tests.records.made_events import make_start, make_step, make_validation
from tests.study.small import SETTINGS, box_alone

LOOK, ONCE = 2.0, 5.0
STEPS = (9.0, 0.5, 0.5, 0.5, 0.5, 0.5)
"""The first warms up, and the median counts."""


def pretended(recipe: Recipe, data: Path, out: Path) -> Run:
    """A training that wrote down what its parts took."""
    out.mkdir()
    run = Run(out)
    log = EventLog(run.events_file)
    log.append(make_start(steps_per_epoch=2))
    for number, seconds in enumerate(STEPS, 1):
        log.append(make_step(number, seconds=seconds))
    log.append(make_validation(len(STEPS), seconds=LOOK))
    assert recipe.training.steps == len(STEPS)
    return run


def clock(readings: Sequence[float]) -> SimpleNamespace:
    times: Iterator[float] = iter(readings)
    return SimpleNamespace(perf_counter=lambda: next(times))


def test_a_training_takes_what_its_steps_and_validations_take_and_once_the_rest(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "train", pretended)
    monkeypatch.setattr(calibration, "time", clock([100.0, 100.0 + ONCE + sum(STEPS) + LOOK]))
    recipe = make_plan(box_alone(settings=(*SETTINGS, "training.steps=40"))).runs[0].recipe
    assert seconds_of(recipe, store) == pytest.approx(ONCE + 40 * 0.5 + 20 * LOOK)


def test_one_that_diverges_takes_as_long_as_that_took(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def diverge(*arguments: object) -> None:
        raise DivergedError("too steep")

    monkeypatch.setattr(calibration, "train", diverge)
    monkeypatch.setattr(calibration, "time", clock([1.0, 4.0]))
    assert seconds_of(make_plan(box_alone()).runs[0].recipe, store) == 3.0


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """The recipes that were timed: 10 seconds for the target alone, 30 with an auxiliary."""
    recipes: list[Recipe] = []

    def seconds(recipe: Recipe, data: Path) -> float:
        recipes.append(recipe)
        return 10.0 if len(recipe.tasks) == 1 else 30.0

    monkeypatch.setattr(calibration, "seconds_of", seconds)
    return recipes


@pytest.mark.parametrize(("workers", "expected"), [(1, 160.0), (2, 80.0), (4, 40.0), (50, 30.0)])
def test_each_arm_is_timed_once_and_no_number_of_workers_beats_the_longest_run(
    workers: int, expected: float, timed: list[Recipe], store: Path
) -> None:
    runs = make_plan(box_alone(seeds=4)).runs
    assert effort(runs, runs, store, workers) == Effort(8, 0, expected)
    assert [len(recipe.tasks) for recipe in timed] == [1, 2]


def test_what_is_done_takes_nothing(timed: list[Recipe], store: Path) -> None:
    runs = make_plan(box_alone(seeds=2)).runs
    missing: list[PlannedRun] = [run for run in runs if run.arm.auxiliaries and run.seed]
    assert effort(runs, missing, store, 1) == Effort(4, 3, 30.0)
    assert effort(runs, [], store, 1) == Effort(4, 4, 0.0)
    assert len(timed) == 1


def test_what_is_open_is_measured_once_and_not_by_every_training(
    timed: list[Recipe], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Recipe] = []

    def choose(recipe: Recipe, data: Path) -> Choice:
        asked.append(recipe)
        return Choice("bf16", True, {})

    monkeypatch.setattr(calibration, "choose", choose)
    runs = make_plan(box_alone(settings=(*SETTINGS, "training.precision=auto"))).runs
    effort(runs, runs, store, 1)
    assert [set(recipe.tasks) for recipe in asked] == [{"segmentation", "box"}]
    assert {recipe.training.precision for recipe in timed} == {"bf16"}
    assert {recipe.training.channels_last for recipe in timed} == {False}  # which was not open
