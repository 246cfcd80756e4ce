"""How long trainings would take on this machine, from a few steps of each arm, and the tests that follow."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

import numpy as np
import torch

from auxseg.data.loading.selection import training_rows
from auxseg.recipe import Recipe, to_values
from auxseg.records.metrics import At
from auxseg.run import choose
from auxseg.run.building import open_data
from auxseg.study.design.arm import Arm
from auxseg.study.design.plan import PlannedRun, largest
from auxseg.study.directory.decisions import chosen, decided
from auxseg.study.execution.pace import Pace, pace_of
from auxseg.study.execution.work import work

PATIENCE: Final = 4.0
"""After so many seconds no further arm is timed: its time follows from its share of the computing."""


@final
@dataclass(frozen=True)
class Effort:
    """What a study takes: trainings, those of them that are done, and about how many seconds the others need.

    ``per_arm`` holds the seconds of one training of each arm that is not done, evaluated if it will be, by its name.
    """

    runs: int
    done: int
    seconds: float
    per_arm: Mapping[str, float] = field(default_factory=dict, compare=False)


@final
@dataclass(frozen=True)
class _Shape:
    """What a step costs depends on, as texts; recipes of one shape are timed once, its kin differ in tasks alone."""

    kin: str
    tasks: str


def effort(
    planned: Sequence[PlannedRun],
    missing: Sequence[PlannedRun],
    data: Path,
    workers: int,
    *,
    tries: Sequence[PlannedRun] = (),
    passes: int = 0,
    at: At = "stored",
    start: float = 0.0,
) -> Effort:
    """Time a few steps of the arms that are not done yet. Nothing is left behind.

    What recipes leave open is measured once before, as a study does. However many workers there are, it takes as long
    as the longest training.

    Args:
        planned: all trainings.
        missing: those that are not done, and are tested.
        data: the store.
        workers: how many train at the same time.
        tries: trainings that are not done, and are never tested, because weights are chosen by them.
        passes: how often every test image is measured: twice if mirrored too; 0 where the test split is not read.
        at: at which size they are measured.
        start: seconds until workers have started.
    """
    left = [*missing, *tries]
    if not left:
        return Effort(len(planned), len(planned), 0.0)
    choices = chosen(choose(largest(planned), data))
    recipes = {run.arm: decided(run.recipe, choices) for run in reversed(left)}
    paces = _paces(recipes, data, passes, at)
    trained = {arm: _seconds(recipe, paces[arm], data) for arm, recipe in recipes.items()}
    tested = {arm: seconds + paces[arm].test for arm, seconds in trained.items()}
    each = [*(tested[run.arm] for run in missing), *(trained[run.arm] for run in tries)]
    per_arm = {arm.name: value for arm, value in tested.items()}
    return Effort(len(planned), len(planned) - len(left), start + _shared_out(each, workers), per_arm)


def effort_of_timed(
    planned: Sequence[PlannedRun],
    missing: Sequence[PlannedRun],
    per_arm: Mapping[str, float],
    workers: int,
    start: float,
) -> Effort:
    """The same for trainings whose arms were all timed before, none of which is a try."""
    each = [per_arm[run.arm.name] for run in missing]
    total = start + _shared_out(each, workers) if each else 0.0
    return Effort(len(planned), len(planned) - len(missing), total, per_arm)


def _shared_out(seconds: Sequence[float], workers: int) -> float:
    """How long workers take for trainings; however many there are, as long as the longest of them."""
    return max(*seconds, sum(seconds) / workers)


def _paces(recipes: Mapping[Arm, Recipe], data: Path, passes: int, at: At) -> dict[Arm, Pace]:
    """Of each arm; the least and the most work of what is alike is timed first, and then what is unlike both."""
    vocabulary = open_data(data, next(iter(recipes.values()))).vocabulary
    by_shape = {_shape(recipe): recipe for recipe in recipes.values()}
    works = {shape: work(recipe, vocabulary) for shape, recipe in by_shape.items()} if len(by_shape) > 2 else {}
    ordered = sorted(by_shape, key=lambda shape: (works.get(shape, 0), len(by_shape[shape].tasks)))
    kin = Counter(_shape(recipe).kin for recipe in recipes.values())
    usual = [shape for shape in ordered if shape.kin == max(kin, key=lambda each: kin[each])]
    order = dict.fromkeys([usual[0], usual[-1], *(shape for shape in ordered if shape not in usual), *ordered])
    started = time.perf_counter()
    first, *others = order
    timed = {first: pace_of(by_shape[first], data, passes, at)}
    for shape in others:
        if time.perf_counter() - started < PATIENCE or len(timed) < 2:
            timed[shape] = pace_of(by_shape[shape], data).tested_like(timed[first])
    paces = {shape: timed.get(shape) or _between(timed, works, shape) for shape in by_shape}
    return {arm: paces[_shape(recipe)] for arm, recipe in recipes.items()}


def _shape(recipe: Recipe) -> _Shape:
    values = to_values(recipe)
    training, data = values["training"], values["data"]
    rest = {name: value for name, value in training.items() if name not in ("steps", "epochs", "watch", "schedule")}
    kin, tasks = [values["model"], data["size"], data["crop"], rest], [values["tasks"], values["balancer"]["kind"]]
    return _Shape(json.dumps(kin), json.dumps(tasks))


def _between(timed: Mapping[_Shape, Pace], works: Mapping[_Shape, int], shape: _Shape) -> Pace:
    """The pace of a shape that was not timed, by its work between those that were, of its kin if there are two."""
    kin = [each for each in timed if each.kin == shape.kin]
    points = sorted(kin if len(kin) > 1 else timed, key=lambda each: works[each])
    at = [works[each] for each in points]

    def part(name: str) -> float:
        return float(np.interp(works[shape], at, [getattr(timed[each], name) for each in points]))

    return Pace(part("once"), part("step"), part("look"), part("test"))


def _seconds(recipe: Recipe, pace: Pace, data: Path) -> float:
    """Of one training without its evaluation, with looks at gradients, which cost about a step for each task."""
    training, num_samples = recipe.training, _num_samples(recipe, data)
    num_steps = float(training.num_steps(num_samples))
    num_looks = math.ceil(num_steps / training.steps_per_validation(num_samples))
    watched = num_steps * len(recipe.tasks) / training.watch if training.watch else 0.0
    return pace.seconds(num_steps + watched, num_looks)


def _num_samples(recipe: Recipe, data: Path) -> int:
    return len(training_rows(open_data(data, recipe), recipe.data.train_on))


@contextmanager
def using_threads(number: int) -> Iterator[None]:
    """Let torch use so many threads meanwhile."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
