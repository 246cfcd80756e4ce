"""The training loop, readable from top to bottom."""

from __future__ import annotations

import math
import signal
import statistics
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, final

from auxseg.data.loading.loader import EvaluationLoader, TrainLoader
from auxseg.errors import Terminated
from auxseg.evaluation.lost_classes import lost_classes
from auxseg.evaluation.measure import Asked, Measured, measure, merge
from auxseg.evaluation.tiling import Tiles
from auxseg.tasks import Table, Task
from auxseg.training.checkpoint import Checkpoint
from auxseg.training.forking.fork import Fork
from auxseg.training.learner import Learner, StepResult
from auxseg.training.runtime import Runtime


@dataclass(frozen=True)
class Validation:
    """What one look at the validation split showed; ``lost`` are the target's classes that were not found at all.

    These have their shares of the true pixels, see `lost_classes`. ``merged`` has the weights of the branches of a
    `Fork`, by auxiliary, and of that of the target alone.
    """

    step: int
    epoch: float
    figures: Mapping[str, Mapping[str, float]]
    losses: Mapping[str, float]
    seconds: float
    best: bool
    phase: str | None = None
    lost: Mapping[str, float] = field(default_factory=dict)
    merged: Mapping[str, float] = field(default_factory=dict)


class Observer(ABC):
    """Is told what happens, in the main process only."""

    @abstractmethod
    def on_step(self, step: int, result: StepResult, seconds: float, data_seconds: float) -> None:
        """Step number ``step`` (from 1) was taken; ``data_seconds`` of its ``seconds`` were waited for data."""

    @abstractmethod
    def on_validation(self, validation: Validation) -> None:
        """The validation split was looked at."""

    @abstractmethod
    def on_best(self, learner: Learner, step: int, value: float | None) -> None:
        """The learner, holding its averaged weights, is to be kept: the latest near the best so far (`Plan`)."""


@final
@dataclass
class Progress:
    """Where a run stands; all of it is in a checkpoint."""

    num_steps: int
    step: int = 0
    best: float | None = None
    error: float = 0.0
    waited: int = 0


@dataclass(frozen=True)
class Plan:
    """How long to train, when to look and where to go on from: in optimiser steps, ``patience`` in validations without
    improvement.

    The model that is kept is the latest whose figure is at most ``tolerance`` standard errors below the best one, the
    error being that of the best figure's mean over images: on a small validation split the best is partly luck, and
    later weights have seen more. With 1 it is the one-standard-error rule of Breiman et al., Classification and
    Regression Trees, 1984; with 0 the best itself is kept. With ``tiles`` images are validated tile by tile.
    """

    num_steps: int
    validate_every: int
    patience: int | None
    tolerance: float
    checkpoint: Checkpoint
    tiles: Tiles | None = None


def fit(
    learner: Learner,
    target: Task,
    plan: Plan,
    train: TrainLoader,
    validation: EvaluationLoader | None,
    observers: list[Observer],
    fork: Fork | None = None,
) -> tuple[str, int]:
    """Train until the plan is fulfilled, going on from ``last.pt`` if there is one; returns why it ended, and at which
    step.

    Every validation compares the target's figure with the best so far (`Plan`), unless the phase does not train the
    target; ``last.pt`` is written then and after every epoch. Without a validation split the last weights are kept as
    the best. With a ``fork``, whose `main` the learner is, all its branches take the steps, and they are merged before
    every validation. Ctrl-C ends the run after the step that is being taken, in all processes, with a checkpoint, as
    `KeyboardInterrupt`; so does SIGTERM where it would raise `Terminated` otherwise. Raises
    `RunError` if a loss is not finite; the last checkpoint stays.
    """
    learning = learner if fork is None else fork
    progress = _restore(learner.runtime, learning, plan)
    observers = observers if learner.runtime.is_main else []
    learner.network.train()
    with _stopping_gently() as asked:
        steps = train.steps(progress.step, plan.num_steps)
        while progress.step < plan.num_steps and not _patience_lost(plan, progress):
            learning.enter(progress.step)
            epoch, step_of_epoch = divmod(progress.step - learner.phase.start, train.steps_per_epoch)
            if step_of_epoch == 0:
                learning.begin_epoch(epoch)
            started = time.perf_counter()
            with learner.runtime.failing_together():
                batches = next(steps)
            waited = time.perf_counter() - started
            result = learning.step(batches, progress.step)
            seconds = time.perf_counter() - started
            progress.step += 1
            with learner.runtime.failing_together():
                for observer in observers:
                    observer.on_step(progress.step, result, seconds, waited)
            stop = learner.runtime.agree_on(asked())  # all processes after the same step
            if progress.step % plan.validate_every == 0 or progress.step == plan.num_steps:
                _look(learner, fork, target, plan, train.steps_per_epoch, validation, progress, observers)
                _save(learner.runtime, learning, plan, progress)
            elif stop or progress.step % train.steps_per_epoch == 0:
                _save(learner.runtime, learning, plan, progress)
            if stop:
                raise Terminated if stop == signal.SIGTERM else KeyboardInterrupt
    return ("finished" if progress.step >= plan.num_steps else "early stopping"), progress.step


def _look(
    learner: Learner,
    fork: Fork | None,
    target: Task,
    plan: Plan,
    steps_per_epoch: int,
    loader: EvaluationLoader | None,
    progress: Progress,
    observers: list[Observer],
) -> None:
    """Validate the averaged weights, of branches once merged, and announce the best if the target is being trained."""
    started = time.perf_counter()
    runtime = learner.runtime
    counts = target.name in learner.phase.tasks
    merged: Mapping[str, float] = {}
    if fork is not None and loader is not None:
        merged = fork.merge(partial(_alone, learner, target, plan, loader))
    with learner.averaged():
        if loader is None:
            with runtime.failing_together():
                for observer in observers if counts else ():
                    observer.on_best(learner, progress.step, None)
            return
        measured = _measured(learner, learner.tasks, plan, loader)
        figures = {name: task.figures(measured.tables[name]) for name, task in learner.tasks.items()}
        value = _worth(target, figures[target.name])
        is_kept = counts and _judge(value, measured.tables[target.name], target, plan, progress)
        if counts:
            for each in [learner] if fork is None else fork.branches:
                each.phase.schedule.observe(value)
        seconds = time.perf_counter() - started
        losses = measured.losses(learner.tasks)
        epoch, phase = progress.step / steps_per_epoch, learner.phase.name
        lost = lost_classes(target.classes(measured.tables[target.name]))
        validation = Validation(progress.step, epoch, figures, losses, seconds, is_kept, phase, lost, merged)
        with runtime.failing_together():
            for observer in observers:
                if is_kept:
                    observer.on_best(learner, progress.step, value)
                observer.on_validation(validation)


def _measured(learner: Learner, tasks: Mapping[str, Task], plan: Plan, loader: EvaluationLoader) -> Measured:
    """These tasks on the validation split, by the learner's network as it is."""
    runtime = learner.runtime
    asked = Asked(learner.network, runtime.device, partial(runtime.autocast, learner.precision), tiles=plan.tiles)
    with runtime.failing_together():
        mine = measure(asked, tasks, loader) if len(loader) else None
    return merge(part for part in runtime.gather(mine) if part is not None)


def _alone(learner: Learner, target: Task, plan: Plan, loader: EvaluationLoader) -> float:
    """What the target alone is worth on the validation split."""
    measured = _measured(learner, {target.name: target}, plan, loader)
    return _worth(target, target.figures(measured.tables[target.name]))


def _worth(target: Task, figures: Mapping[str, float]) -> float:
    """The target's main figure, larger being better."""
    return figures[target.main_figure] * (1 if target.higher_is_better else -1)


def _judge(value: float, table: Table, target: Task, plan: Plan, progress: Progress) -> bool:
    """Whether the model of this figure is to be kept; remembers the best."""
    if progress.best is None or math.isnan(progress.best) or value > progress.best:
        progress.best, progress.waited = value, 0
        progress.error = _standard_error(target.rows(table)[target.row_figure])
    else:
        progress.waited += 1
    return value >= progress.best - plan.tolerance * progress.error or math.isnan(progress.best)


def _standard_error(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    if len(known) < 2 or not all(map(math.isfinite, known)):  # of numbers that are not finite nothing is near
        return 0.0
    return statistics.stdev(known) / math.sqrt(len(known))


def _save(runtime: Runtime, learner: Learner | Fork, plan: Plan, progress: Progress) -> None:
    with runtime.failing_together():
        if runtime.is_main:
            plan.checkpoint.save({"progress": asdict(progress), "learner": learner.state()}, progress.step)


def _restore(runtime: Runtime, learner: Learner | Fork, plan: Plan) -> Progress:
    state = plan.checkpoint.load(runtime.device)
    if state is None:
        return Progress(num_steps=plan.num_steps)
    try:
        learner.restore(state["learner"])
        progress = _progress(state["progress"])
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise plan.checkpoint.unfit(error) from None
    if progress.num_steps < plan.num_steps:  # more steps were asked for: patience begins anew
        progress.waited, progress.num_steps = 0, plan.num_steps
    return progress


def _progress(values: Mapping[str, Any]) -> Progress:
    """Out of a checkpoint. Raises `ValueError` for numbers that no training counts to."""
    progress = Progress(**values)
    for name in ("num_steps", "step", "waited"):
        number = getattr(progress, name)
        if type(number) is not int or not 0 <= number < 2**63:
            raise ValueError(f"its {name} should be a number of steps, not {number!r:.40}")
    if not isinstance(progress.error, int | float) or not isinstance(progress.best, int | float | None):
        raise ValueError("its best figure is not a number")
    return progress


def _patience_lost(plan: Plan, progress: Progress) -> bool:
    return plan.patience is not None and progress.waited > plan.patience


@contextmanager
def _stopping_gently() -> Iterator[Callable[[], int]]:
    """Turn the first Ctrl-C or SIGTERM into a wish that the loop asks for, by its number; the second acts at once.

    SIGTERM is left alone where it ends the process by default: whoever started that process may count on it.
    """
    asked = 0

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        asked = number
        for each, handler in before.items():
            signal.signal(each, handler)

    if threading.current_thread() is not threading.main_thread():  # only the main thread may handle signals
        yield lambda: 0
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if not callable(before[signal.SIGTERM]):
        del before[signal.SIGTERM]
    for number in before:
        signal.signal(number, ask)
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
