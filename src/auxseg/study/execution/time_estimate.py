"""How long the trainings of a study would take on this machine, from a few steps of each arm."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

import numpy as np
import torch

from auxseg.data.loading.selection import training_rows
from auxseg.errors import DivergedError
from auxseg.recipe import Recipe, with_changes
from auxseg.records.events import Step, Validated
from auxseg.run import choose, train
from auxseg.run.building import open_data
from auxseg.study.design.arm import Arm
from auxseg.study.design.plan import PlannedRun
from auxseg.study.directory.decisions import chosen, decided

CALIBRATION_STEPS: Final = 6
PATIENCE: Final = 8.0
"""After so many seconds no further arm is timed: its time is that of arms with as many tasks, or follows from them."""


@final
@dataclass(frozen=True)
class Effort:
    """What a study takes: trainings, those of them that are done, and about how many seconds the others need.

    ``per_arm`` holds the seconds of one training of each arm that is not done, by its name.
    """

    runs: int
    done: int
    seconds: float
    per_arm: Mapping[str, float] = field(default_factory=dict, compare=False)


def effort(planned: Sequence[PlannedRun], missing: Sequence[PlannedRun], data: Path, workers: int) -> Effort:
    """Time a few steps of the arms that are not done yet. Nothing is left behind.

    What recipes leave open is measured once before, as a study does. However many workers there are, it takes as long
    as the longest training.
    """
    if not missing:
        return Effort(len(planned), len(planned), 0.0)
    per_arm = {run.arm: run.recipe for run in reversed(missing)}
    choices = chosen(choose(max(per_arm.values(), key=lambda recipe: len(recipe.tasks)), data))
    seconds = _per_arm({arm: decided(recipe, choices) for arm, recipe in per_arm.items()}, data)
    each = [seconds[run.arm] for run in missing]
    named = {arm.name: value for arm, value in seconds.items()}
    return Effort(len(planned), len(planned) - len(missing), max(*seconds.values(), sum(each) / workers), named)


def _per_arm(recipes: Mapping[Arm, Recipe], data: Path) -> dict[Arm, float]:
    """Of one training of each arm; the fewest and the most tasks, and arms with settings of their own, come first."""
    by_tasks = sorted(recipes, key=lambda arm: len(recipes[arm].tasks))
    own = [arm for arm in by_tasks if arm.settings or arm.is_longer]
    order = dict.fromkeys([by_tasks[0], by_tasks[-1], *own, *by_tasks])
    timed: dict[Arm, float] = {}
    started = time.perf_counter()
    for arm in order:
        if time.perf_counter() - started < PATIENCE or not timed:
            timed[arm] = seconds_of(recipes[arm], data)
    usual = {len(recipes[arm].tasks): seconds for arm, seconds in timed.items() if arm not in own}
    numbers = sorted(usual or {1: max(timed.values())})
    values = [usual[number] if usual else max(timed.values()) for number in numbers]
    return {arm: timed.get(arm) or float(np.interp(len(recipes[arm].tasks), numbers, values)) for arm in recipes}


def seconds_of(recipe: Recipe, data: Path) -> float:
    """Of one training that leaves nothing open: getting ready, the steps, and the looks at the validation split."""
    short = with_changes(recipe, training={"steps": CALIBRATION_STEPS, "epochs": None, "phases": ()})
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        try:
            run = train(short, data, Path(folder) / "run")
        except DivergedError:  # so will all its trainings, as soon
            return time.perf_counter() - started
        seconds = time.perf_counter() - started
        events, steps_per_epoch = run.events, run.start.steps_per_epoch
    steps = [event.seconds for event in events.of(Step)]
    looks = [event.seconds for event in events.of(Validated)]
    once = max(seconds - sum(steps) - sum(looks), 0)
    training = recipe.training
    num_steps = training.num_steps(len(training_rows(open_data(data, recipe), recipe.data.train_on)))
    num_looks = num_steps / (training.validate_every * steps_per_epoch)
    return once + statistics.median(steps) * num_steps + (max(looks) * num_looks if looks else 0)


@contextmanager
def using_threads(number: int) -> Iterator[None]:
    """Let torch use so many threads meanwhile."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
