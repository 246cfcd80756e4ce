"""The time of a study is added up from what its trainings were measured to take."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.recipe import Recipe
from auxseg.study.design.plan import PlannedRun, largest, make_plan
from auxseg.study.execution import time_estimate as calibration
from auxseg.study.execution.pace import Pace
from auxseg.study.execution.time_estimate import Effort, effort
from auxseg.training.calibrate import Choice
from tests.study.small import SETTINGS, box_alone, small_config


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """The recipes that were timed: 10 seconds for the target alone, 30 with an auxiliary."""
    recipes: list[Recipe] = []

    def pace(recipe: Recipe, data: Path, passes: int = 0, at: str = "stored") -> Pace:
        recipes.append(recipe)
        return Pace(10.0 if len(recipe.tasks) == 1 else 30.0, 0.0, 0.0)

    monkeypatch.setattr(calibration, "pace_of", pace)
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
    assert asked == [largest(runs)]  # as a study does
    assert set(asked[0].tasks) == {"segmentation", "box"}
    assert {recipe.training.precision for recipe in timed} == {"bf16"}
    assert {recipe.training.channels_last for recipe in timed} == {False}  # which was not open


def test_steps_looks_gradients_and_the_start_of_workers_count(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, str]] = []

    def pace(recipe: Recipe, data: Path, passes: int = 0, at: str = "stored") -> Pace:
        asked.append((passes, at))
        return Pace(once=5.0, step=1.0, look=2.0, test=100.0 * passes)

    monkeypatch.setattr(calibration, "pace_of", pace)
    settings = (*SETTINGS, "training.steps=5", "training.validate_every=1")  # two steps an epoch, and so three looks
    runs = make_plan(box_alone(seeds=1, settings=settings)).runs
    found = effort(runs, runs, store, 1, passes=2, at="original", start=7.0)
    alone = 5.0 + 5 * 1.0 + 3 * 2.0 + 200.0
    assert found.per_arm == {"target only": alone, "box": pytest.approx(alone + 5 * 2 / 50)}
    assert found.seconds == pytest.approx(7.0 + 2 * alone + 0.2)
    assert asked == [(2, "original"), (0, "stored")]  # an evaluation is timed once, and counted for both


def test_trainings_that_weights_are_chosen_by_are_not_tested(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "pace_of", lambda *_: Pace(10.0, 0.0, 0.0, test=100.0))
    runs = make_plan(box_alone(seeds=1)).runs
    found = effort([*runs, *runs, *runs], runs, store, 1, tries=[*runs, *runs], passes=1)
    assert found == Effort(6, 0, 2 * 110.0 + 4 * 10.0)
    assert found.per_arm == {"target only": 110.0, "box": 110.0}
    assert effort([*runs, *runs], [], store, 9, tries=runs, passes=1) == Effort(4, 2, 10.0)


def test_least_and_most_of_what_most_arms_are_like_is_timed_first(
    timed: list[Recipe], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An arm of another network that has the least work of all says little about the others."""
    monkeypatch.setattr(calibration, "PATIENCE", -1.0)
    monkeypatch.setattr(calibration, "work", lambda recipe, vocabulary: len(recipe.tasks) * recipe.model.width)
    runs = make_plan(small_config(design="each", weights={}, seeds=1, vary=("model.width=0.5",))).runs
    found = effort(runs, runs, store, 1)
    assert [(len(recipe.tasks), recipe.model.width) for recipe in timed] == [(1, 1.0), (2, 1.0)]
    assert found.per_arm == {
        "target only": 10.0,
        "model.width=0.5": 10.0,
        "classification": 30.0,
        "box": 30.0,
        "edges": 30.0,
    }


def test_arms_between_take_what_their_work_says(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipes: list[Recipe] = []

    def pace(recipe: Recipe, data: Path, passes: int = 0, at: str = "stored") -> Pace:
        recipes.append(recipe)
        return Pace(10.0 if len(recipe.tasks) == 1 else 30.0, 0.0, 0.0)

    monkeypatch.setattr(calibration, "pace_of", pace)
    monkeypatch.setattr(calibration, "PATIENCE", -1.0)
    monkeypatch.setattr(calibration, "work", lambda recipe, vocabulary: len(recipe.tasks) ** 2)
    config = small_config(design="all-subsets", weights={}, seeds=1, controls=("same-compute",))
    runs = make_plan(config).runs
    found = effort(runs, runs, store, 1)
    assert [len(recipe.tasks) for recipe in recipes] == [1, 4]
    assert found.per_arm["box"] == pytest.approx(10 + 20 * 3 / 15)
    assert found.per_arm["box + edges"] == pytest.approx(10 + 20 * 8 / 15)
    assert found.per_arm["same-compute"] == 10.0  # which is a longer one of a shape that was timed
