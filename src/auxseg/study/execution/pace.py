"""What a training takes, part by part, measured by one of a few steps."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final, final

from auxseg.errors import DivergedError
from auxseg.recipe import Recipe, with_changes
from auxseg.records.events import Validated
from auxseg.records.metrics import At
from auxseg.run import Run, train
from auxseg.run.evaluate import How, measured
from auxseg.training.learner import Learner, StepResult
from auxseg.training.loop import Observer, Validation

CALIBRATION_STEPS: Final = 4
"""The first warms up."""
NUM_MEASURED: Final = 16
"""On how many images an evaluation is timed."""


@final
@dataclass(frozen=True)
class Pace:
    """Seconds of the parts of a training.

    Attributes:
        once: getting ready.
        step: one step of the optimiser.
        look: one look at the validation split, with the checkpoint that is written then.
        test: its evaluation on the test split; 0 if it is not evaluated.
    """

    once: float
    step: float
    look: float
    test: float = 0.0

    def tested_like(self, other: Pace) -> Pace:
        """With an evaluation that differs from another's as much as their looks do."""
        return replace(self, test=other.test * (self.look / other.look if other.look else 1.0))

    def seconds(self, num_steps: float, num_looks: int) -> float:
        """Of a training of so many steps and looks that is not evaluated."""
        return self.once + self.step * num_steps + self.look * num_looks


def pace_of(recipe: Recipe, data: Path, passes: int = 0, at: At = "stored") -> Pace:
    """Of a recipe that leaves nothing open, by a training of a few steps, which ends with a look at validation."""
    short = with_changes(
        recipe,
        training={"steps": CALIBRATION_STEPS, "epochs": None, "phases": (), "validate_every": 10.0**6, "watch": None},
    )
    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        try:
            run = train(short, data, Path(folder) / "run", observers=[clock])
        except DivergedError:  # so will all its trainings, as soon
            return Pace(time.perf_counter() - started, 0.0, 0.0)
        ended = time.perf_counter()
        step = statistics.median(after - before for before, after in pairwise(clock.times))
        once = max(clock.times[0] - started - step, 0.0)
        pace = Pace(once, step, look=ended - clock.times[-1])
        return replace(pace, test=_test_seconds(run, passes, at)) if passes else pace


def _test_seconds(run: Run, passes: int, at: At) -> float:
    """Of an evaluation: of a few images, and for the rest as long as an image of the validation split takes.

    At the original size all take as long as the few. The images are of the training split, because nobody reads the
    test split before a study is trained.
    """
    splits, looks = run.start.data.splits, [event.seconds for event in run.events.of(Validated)]
    started = time.perf_counter()
    measured(run, "train", how=How(mirrored=passes > 1, at=at), most=NUM_MEASURED)
    few = time.perf_counter() - started
    is_alike = at == "stored" and looks and splits.get("val")
    per_image = looks[-1] / splits["val"] if is_alike else few / NUM_MEASURED / passes
    return few + passes * per_image * max(splits["test"] - NUM_MEASURED, 0)


@final
class _Clock(Observer):
    """When each step of a training was over."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_step(self, step: int, result: StepResult, seconds: float, data_seconds: float) -> None:
        """Take the time."""
        self.times.append(time.perf_counter())

    def on_validation(self, validation: Validation) -> None:
        """The time of a look is in its event."""

    def on_best(self, learner: Learner, step: int, value: float | None) -> None:
        """Nothing to take."""
