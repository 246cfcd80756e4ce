"""What a training takes is measured by one of a few steps, on other images than those of the test split."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.errors import DivergedError
from auxseg.recipe import Recipe
from auxseg.records.event_log import EventLog
from auxseg.records.metrics import At
from auxseg.run import Run
from auxseg.study.design.plan import make_plan
from auxseg.study.execution import pace as module
from auxseg.study.execution.pace import CALIBRATION_STEPS, Pace, pace_of
from auxseg.training.loop import Observer
from tests.records.made_events import make_start, make_validation
from tests.study.small import box_alone

RECIPE = make_plan(box_alone()).runs[0].recipe


class Time:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


def test_parts_are_told_apart(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time()

    def pretended(recipe: Recipe, data: Path, out: Path, *, observers: list[Observer]) -> Run:
        assert (recipe.training.steps, recipe.training.watch) == (CALIBRATION_STEPS, None)
        out.mkdir()
        time.now += 5.0
        for number, seconds in enumerate((9.0, 0.5, 0.5, 0.7), 1):  # the first warms up
            time.now += seconds
            observers[0].on_step(number, None, seconds, 0.0)  # pyright: ignore[reportArgumentType]
        time.now += 2.0
        run, log = Run(out), EventLog(out / "events.jsonl")
        log.append(make_start())
        log.append(make_validation(4, seconds=1.5))
        return run

    monkeypatch.setattr(module, "train", pretended)
    monkeypatch.setattr(module, "time", time)
    found = pace_of(RECIPE, store)
    assert (found.once, found.step, found.look, found.test) == pytest.approx((13.5, 0.5, 2.0, 0.0))
    assert found.seconds(40, 3) == pytest.approx(13.5 + 20 + 6)


def test_one_that_diverges_takes_as_long_as_that_took(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time()

    def diverge(*arguments: object, **options: object) -> None:
        time.now += 3.0
        raise DivergedError("too steep")

    monkeypatch.setattr(module, "train", diverge)
    monkeypatch.setattr(module, "time", time)
    assert pace_of(RECIPE, store, 2) == Pace(3.0, 0.0, 0.0)


@pytest.mark.usefixtures("sealed_test_split")
@pytest.mark.parametrize("at", ["stored", "original"])
def test_a_real_one_leaves_the_test_split_alone(at: At, store: Path) -> None:
    found = pace_of(RECIPE, store, 2, at)
    assert min(found.once, found.step, found.look, found.test) > 0


def test_an_evaluation_differs_as_looks_do() -> None:
    timed = Pace(1.0, 2.0, look=4.0, test=10.0)
    assert Pace(1.0, 2.0, look=6.0).tested_like(timed).test == 15.0
    assert Pace(1.0, 2.0, look=6.0).tested_like(Pace(1.0, 1.0, 0.0, 3.0)).test == 3.0
