"""How long the trainings of a study would take on this machine, from a few steps of each arm."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import torch

from auxseg.data.loading.selection import training_rows
from auxseg.data.store.store import Store
from auxseg.errors import DivergedError
from auxseg.recipe import Recipe, with_changes
from auxseg.records.events import Step, Validated
from auxseg.run import choose, train
from auxseg.study.design.plan import PlannedRun
from auxseg.study.directory.decisions import chosen, decided

CALIBRATION_STEPS: Final = 6


@final
@dataclass(frozen=True)
class Effort:
    """What a study takes: trainings, those of them that are done, and about how many seconds the others need."""

    runs: int
    done: int
    seconds: float


def effort(planned: Sequence[PlannedRun], missing: Sequence[PlannedRun], data: Path, workers: int) -> Effort:
    """Time a few steps of every arm that is not done yet. Nothing is left behind.

    What recipes leave open is measured once before, as a study does. However many workers there are, it takes as long
    as the longest training.
    """
    if not missing:
        return Effort(len(planned), len(planned), 0.0)
    per_arm = {run.arm: run.recipe for run in reversed(missing)}
    choices = chosen(choose(max(per_arm.values(), key=lambda recipe: len(recipe.tasks)), data))
    seconds = {arm: seconds_of(decided(recipe, choices), data) for arm, recipe in per_arm.items()}
    each = [seconds[run.arm] for run in missing]
    return Effort(len(planned), len(planned) - len(missing), max(*seconds.values(), sum(each) / workers))


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
    num_steps = training.num_steps(len(training_rows(Store.open(data), recipe.data.train_on)))
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
