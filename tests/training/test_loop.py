"""The loop around a learner that learns nothing: when it looks, saves, keeps, stops and goes on."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, final

import pytest
import torch
from torch import nn

from auxseg.errors import InputError, Terminated
from auxseg.evaluation.measure import Asked
from auxseg.training import loop
from auxseg.training.learner import StepResult
from auxseg.training.loop import Observer, Plan, Validation, fit
from auxseg.training.runtime import Runtime

IMAGES = (0.0, 0.1, 0.2, 0.3)
"""What images differ by from a validation's figure, less the mean: their standard error is 0.0645."""
ERROR = 0.06454972


class _Task:
    """A target whose figure is the mean of a column."""

    name, main_figure, row_figure = "mask", "iou", "iou"
    higher_is_better = True

    def figures(self, table: dict[str, torch.Tensor]) -> dict[str, float]:
        return {"iou": table["figure"].item()}

    def classes(self, table: dict[str, torch.Tensor]) -> dict[str, dict[str, float]]:
        return {}

    def rows(self, table: dict[str, torch.Tensor]) -> dict[str, list[float | None]]:
        figure = table["figure"].item()
        return {"iou": [None, *(figure + image for image in IMAGES), None]}


class _Learner:
    """Notes what it is asked, and validates to the figures that it is given."""

    def __init__(self, figures: Sequence[float], during: Callable[[int], None], *, trains: str) -> None:
        self.runtime, self.network, self.precision = Runtime("cpu"), nn.Linear(1, 1), "fp32"
        self.tasks: dict[str, Any] = {"mask": _Task()}
        self.left, self.during = list(figures), during
        self.observed: list[float] = []
        self.epochs: list[tuple[int, int]] = []
        self.taken: list[tuple[int, Any]] = []
        self.step_number = 0
        schedule = SimpleNamespace(observe=self.observed.append)
        self.phase = SimpleNamespace(name=None, start=0, tasks={trains: None}, schedule=schedule)

    def begin_epoch(self, epoch: int) -> None:
        self.epochs.append((self.step_number, epoch))

    def enter(self, step: int) -> None:
        self.step_number = step

    def step(self, batches: Any, step: int) -> StepResult:
        self.taken.append((step, batches))
        self.during(step)
        return StepResult({"mask": float(step)}, {"mask": 1.0}, 1.0, 1.0)

    @contextmanager
    def averaged(self) -> Iterator[nn.Module]:
        yield self.network

    def state(self) -> dict[str, Any]:
        return {"taken": len(self.taken)}

    def restore(self, state: dict[str, Any]) -> None:
        self.restored = state["taken"]


@final
class _Noting(Observer):
    def __init__(self) -> None:
        self.steps: list[int] = []
        self.kept: list[tuple[int, float | None]] = []
        self.validations: list[Validation] = []

    def on_step(self, step: int, result: StepResult, seconds: float, data_seconds: float) -> None:
        assert 0 <= data_seconds <= seconds
        self.steps.append(step)

    def on_validation(self, validation: Validation) -> None:
        self.validations.append(validation)

    def on_best(self, learner: Any, step: int, value: float | None) -> None:
        self.kept.append((step, value))


class _Checkpoint:
    """A file in memory."""

    def __init__(self, state: Any = None) -> None:
        self.state = state
        self.steps: list[int] = []

    def save(self, state: Any, step: int) -> None:
        self.state = state
        self.steps.append(step)

    def load(self, device: torch.device) -> Any:
        return self.state

    def unfit(self, error: Exception) -> InputError:
        return InputError(f"last.pt: does not fit ({error})")


@final
class _Result:
    """What became of a training."""

    def __init__(
        self,
        figures: Sequence[float],
        *,
        num_steps: int = 0,
        validate_every: int = 1,
        patience: int | None = None,
        tolerance: float = 0.0,
        steps_per_epoch: int = 100,
        state: Any = None,
        without_validation: bool = False,
        higher_is_better: bool = True,
        trains: str = "mask",
        during: Callable[[int], None] = lambda step: None,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.learner: Any = _Learner(figures, during, trains=trains)
        self.noted, self.checkpoint = _Noting(), _Checkpoint(state)
        target: Any = self.learner.tasks["mask"]
        target.higher_is_better = higher_is_better
        checkpoint: Any = self.checkpoint
        self.plan = Plan(num_steps or len(figures), validate_every, patience, tolerance, checkpoint)
        train: Any = SimpleNamespace(
            steps=lambda start, stop: iter([f"batches {step}"] for step in range(start, stop)),
            steps_per_epoch=steps_per_epoch,
        )
        validation: Any = None if without_validation else [1]
        self._fit = lambda: fit(self.learner, target, self.plan, train, validation, [self.noted, *observers])

    def train(self) -> _Result:
        self.outcome = self._fit()
        return self

    @property
    def kept(self) -> list[int]:
        return [step for step, _ in self.noted.kept]

    @property
    def progress(self) -> dict[str, Any]:
        return self.checkpoint.state["progress"]


@pytest.fixture(autouse=True)
def _measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validations give the next of the learner's figures."""

    def measure(asked: Asked, tasks: Any, loader: Any) -> Any:
        figure = learners[-1].left.pop(0)
        tables = {"mask": {"figure": torch.tensor(figure, dtype=torch.float64)}}
        return SimpleNamespace(tables=tables, losses=lambda tasks: {"mask": 0.5})

    learners: list[_Learner] = []
    init = _Learner.__init__

    def noting(self: _Learner, *args: Any, **settings: Any) -> None:
        init(self, *args, **settings)
        learners.append(self)

    monkeypatch.setattr(_Learner, "__init__", noting)
    monkeypatch.setattr(loop, "measure", measure)
    monkeypatch.setattr(loop, "merge", lambda parts: next(iter(parts)))


def test_every_step_gets_its_batches_and_is_told() -> None:
    result = _Result([0.5], num_steps=3, validate_every=3).train()
    assert result.outcome == ("finished", 3)
    assert result.learner.taken == [(0, ["batches 0"]), (1, ["batches 1"]), (2, ["batches 2"])]
    assert result.noted.steps == [1, 2, 3]


@pytest.mark.parametrize(
    ("num_steps", "every", "looks"), [(6, 2, [2, 4, 6]), (7, 3, [3, 6, 7]), (2, 5, [2]), (1, 1, [1])]
)
def test_it_looks_every_so_many_steps_and_at_the_end(num_steps: int, every: int, looks: list[int]) -> None:
    result = _Result([0.5] * len(looks), num_steps=num_steps, validate_every=every).train()
    assert [validation.step for validation in result.noted.validations] == looks
    assert result.checkpoint.steps == looks


def test_a_checkpoint_follows_every_epoch_and_every_look_once() -> None:
    result = _Result([0.5] * 2, num_steps=8, validate_every=6, steps_per_epoch=3).train()
    assert result.checkpoint.steps == [3, 6, 8]
    assert [validation.epoch for validation in result.noted.validations] == [2.0, pytest.approx(8 / 3)]
    assert result.checkpoint.state["learner"] == {"taken": 8}


def test_a_balancer_is_told_of_every_epoch_as_it_begins() -> None:
    result = _Result([0.5], num_steps=7, validate_every=7, steps_per_epoch=3)
    assert result.train().learner.epochs == [(0, 0), (3, 1), (6, 2)]


def test_a_phase_counts_epochs_from_its_own_start() -> None:
    result = _Result([0.5], num_steps=7, validate_every=7, steps_per_epoch=3)
    enter = result.learner.enter

    def entering(step: int) -> None:
        enter(step)
        result.learner.phase.start = 0 if step < 2 else 2

    result.learner.enter = entering
    assert result.train().learner.epochs == [(0, 0), (2, 0), (5, 1)]


FIGURES = [0.5, 0.7, 0.66, 0.61, 0.69, 0.7]


@pytest.mark.parametrize(
    ("tolerance", "kept"),
    [
        (0.0, [1, 2, 6]),  # the latest of equals
        (0.2, [1, 2, 5, 6]),  # from 0.7 - 0.2 x 0.0645 = 0.6871 on
        (1.0, [1, 2, 3, 5, 6]),  # from 0.6355 on
        (2.0, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_the_latest_is_kept_that_is_near_enough_to_the_best(tolerance: float, kept: list[int]) -> None:
    result = _Result(FIGURES, tolerance=tolerance).train()
    assert result.kept == kept
    assert [validation.step for validation in result.noted.validations if validation.best] == kept
    assert result.progress["best"] == 0.7
    assert result.progress["error"] == pytest.approx(ERROR)


def test_what_is_kept_comes_with_its_figure() -> None:
    result = _Result([0.5, 0.4]).train()
    assert result.noted.kept == [(1, 0.5)]
    assert [validation.figures for validation in result.noted.validations] == [
        {"mask": {"iou": 0.5}},
        {"mask": {"iou": 0.4}},
    ]
    assert [validation.losses for validation in result.noted.validations] == [{"mask": 0.5}] * 2


def test_less_is_better_for_an_error() -> None:
    result = _Result([5.0, 3.0, 4.0], higher_is_better=False).train()
    assert result.kept == [1, 2]
    assert result.progress["best"] == -3.0
    assert result.learner.observed == [-5.0, -3.0, -4.0]


def test_any_figure_is_better_than_none() -> None:
    result = _Result([math.nan, math.nan, 0.1, math.nan, 0.05]).train()
    assert result.kept == [1, 2, 3]
    assert result.progress["best"] == 0.1


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_has_no_error_and_does_not_end_the_run(figure: float) -> None:
    result = _Result([figure, 0.5], tolerance=1.0).train()
    assert result.kept[0] == 1
    assert result.progress["error"] == pytest.approx(0.0 if figure == math.inf else ERROR)


def test_a_figure_of_one_image_has_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Task, "rows", lambda self, table: {"iou": [None, 0.3]})
    result = _Result([0.5, 0.4999], tolerance=10.0).train()
    assert result.progress["error"] == 0.0
    assert result.kept == [1]


@pytest.mark.parametrize(
    ("figures", "patience", "end"),
    [
        ([0.5, 0.4, 0.4, 0.4], 1, 3),
        ([0.5, 0.4, 0.4, 0.4], 0, 2),
        ([0.5, 0.5, 0.5, 0.5], 1, 3),  # as good is not better
        ([0.5, 0.4, 0.6, 0.4, 0.4, 0.7], 1, 5),
    ],
)
def test_patience_is_lost_after_more_looks_without_improvement(figures: list[float], patience: int, end: int) -> None:
    result = _Result(figures, patience=patience).train()
    assert result.outcome == ("early stopping", end)
    assert len(result.learner.taken) == end


def test_who_is_near_enough_to_be_kept_is_waited_for_all_the_same() -> None:
    result = _Result([0.5, 0.49, 0.48, 0.47], patience=1, tolerance=1.0).train()
    assert result.outcome == ("early stopping", 3)
    assert result.kept == [1, 2, 3]


def test_patience_that_is_lost_with_the_last_step_is_a_finished_run() -> None:
    assert _Result([0.5, 0.4, 0.4], patience=1).train().outcome == ("finished", 3)


def test_a_phase_without_the_target_neither_keeps_nor_waits() -> None:
    result = _Result([0.5, 0.4, 0.3], patience=0, trains="box").train()
    assert result.outcome == ("finished", 3)
    assert result.kept == []
    assert result.learner.observed == []
    assert [validation.best for validation in result.noted.validations] == [False] * 3
    assert result.progress["best"] is None


def test_without_validation_the_last_weights_are_kept() -> None:
    result = _Result([], num_steps=5, validate_every=2, without_validation=True, patience=0).train()
    assert result.noted.kept == [(2, None), (4, None), (5, None)]
    assert result.noted.validations == []
    assert _Result([], num_steps=2, without_validation=True, trains="box").train().kept == []


def _state(**values: Any) -> dict[str, Any]:
    progress = {"num_steps": 4, "step": 2, "best": 0.6, "error": 0.0, "waited": 1}
    return {"progress": progress | values, "learner": {"taken": 2}}


def test_a_run_goes_on_from_its_checkpoint() -> None:
    result = _Result([0.5, 0.7], num_steps=4, state=_state()).train()
    assert result.learner.restored == 2
    assert [step for step, _ in result.learner.taken] == [2, 3]
    assert result.kept == [4]  # 0.5 is below what there was


def test_a_finished_run_has_nothing_to_do() -> None:
    result = _Result([], num_steps=4, state=_state(step=4)).train()
    assert result.outcome == ("finished", 4)
    assert result.learner.taken == []
    assert result.checkpoint.steps == []


@pytest.mark.parametrize(("num_steps", "end"), [(4, 3), (6, 4)])
def test_patience_begins_anew_if_more_steps_are_asked_for(num_steps: int, end: int) -> None:
    result = _Result([0.5] * 4, num_steps=num_steps, patience=1, state=_state()).train()
    assert result.outcome == ("early stopping", end)


def test_a_run_that_had_lost_patience_stays_stopped() -> None:
    result = _Result([], num_steps=4, patience=1, state=_state(waited=2)).train()
    assert result.outcome == ("early stopping", 2)
    assert result.learner.taken == []


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"step": -1}, "its step should be a number of steps, not -1"),
        ({"num_steps": 2**63}, "its num_steps should be a number of steps, not 9223372036854775808"),
        ({"waited": 1.0}, r"its waited should be a number of steps, not 1\.0"),
        ({"step": True}, "its step should be a number of steps, not True"),
        ({"step": "x" * 100}, f"its step should be a number of steps, not '{'x' * 39}$"),
        ({"best": "good"}, "its best figure is not a number"),
        ({"error": None}, "its best figure is not a number"),
        ({"luck": 3}, "unexpected keyword argument 'luck'"),
    ],
)
def test_progress_that_no_training_has_is_refused(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=rf"last\.pt: does not fit \(.*{reason.removesuffix('$')}"):
        _Result([0.5] * 4, state=_state(**values)).train()


@pytest.mark.parametrize("state", [{}, {"learner": {}}, {"learner": {"taken": 2}}, {"learner": 3, "progress": {}}])
def test_a_state_that_lacks_a_part_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"last\.pt: does not fit"):
        _Result([0.5] * 4, state=state).train()


def _handlers() -> list[Any]:
    return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def _raising(number: int, at: int) -> Callable[[int], None]:
    return lambda step: signal.raise_signal(number) if step == at else None


def test_ctrl_c_ends_the_run_after_the_step_with_a_checkpoint() -> None:
    before = _handlers()
    result = _Result([0.5], num_steps=9, validate_every=9, during=_raising(signal.SIGINT, at=3))
    with pytest.raises(KeyboardInterrupt) as stopped:
        result.train()
    assert not isinstance(stopped.value, Terminated)
    assert result.noted.steps == [1, 2, 3, 4]
    assert result.checkpoint.steps == [4]
    assert _handlers() == before


def test_a_second_ctrl_c_acts_at_once() -> None:
    def twice(step: int) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    result = _Result([0.5], num_steps=9, validate_every=9, during=twice)
    with pytest.raises(KeyboardInterrupt):
        result.train()
    assert result.noted.steps == []
    assert result.checkpoint.steps == []


def test_a_stop_at_a_validation_saves_once_and_looks_first() -> None:
    result = _Result([0.5], num_steps=9, validate_every=2, during=_raising(signal.SIGINT, at=1))
    with pytest.raises(KeyboardInterrupt):
        result.train()
    assert result.kept == [2]
    assert result.checkpoint.steps == [2]


@pytest.fixture
def terminating() -> Iterator[None]:
    """SIGTERM raises `Terminated`, as it does under the command line."""

    def stop(number: int, frame: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("terminating")
def test_sigterm_ends_the_run_as_itself() -> None:
    before = _handlers()
    result = _Result([0.5], num_steps=9, validate_every=9, during=_raising(signal.SIGTERM, at=2))
    with pytest.raises(Terminated):
        result.train()
    assert result.checkpoint.steps == [3]
    assert _handlers() == before


def test_sigterm_is_left_alone_where_it_ends_the_process() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    seen: list[Any] = []
    try:
        _Result([0.5], during=lambda step: seen.append(signal.getsignal(signal.SIGTERM))).train()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [signal.SIG_DFL]


def test_handlers_come_back_after_an_error() -> None:
    def fail(step: int) -> None:
        raise RuntimeError("on purpose")

    before = _handlers()
    with pytest.raises(RuntimeError, match="on purpose"):
        _Result([0.5], during=fail).train()
    assert _handlers() == before


def test_another_thread_trains_without_handlers() -> None:
    seen: list[Any] = []
    before = _handlers()
    result = _Result([0.5], during=lambda step: seen.append(_handlers()))
    thread = threading.Thread(target=result.train)
    thread.start()
    thread.join()
    assert result.outcome == ("finished", 1)
    assert seen == [before]


def test_an_observer_that_fails_ends_the_run_and_leaves_the_last_checkpoint() -> None:
    class Full(Observer):
        def on_step(self, step: int, result: StepResult, seconds: float, data_seconds: float) -> None:
            if step == 3:
                raise OSError("no space left")

        def on_validation(self, validation: Validation) -> None: ...

        def on_best(self, learner: Any, step: int, value: float | None) -> None: ...

    result = _Result([0.5] * 4, observers=[Full()])
    with pytest.raises(OSError, match="no space left"):
        result.train()
    assert result.checkpoint.steps == [1, 2]
