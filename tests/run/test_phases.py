"""Runs in phases: what stands still, what is kept, and going on in any phase to the same bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from auxseg.errors import InputError
from auxseg.recipe import Recipe, load_recipe
from auxseg.report import report
from auxseg.run import Run, load, train
from tests.raw_events import read_events
from tests.run.checkpoints import learner_state
from tests.run.conftest import SETTINGS
from tests.stopping import StopAt
from tests.weights import load_weights

NUM_STEPS = 15
START_OF_TARGET = 6
PHASES = (
    "training.phases=[{name: first, share: 0.4, tasks: [classification, box]}, {name: then, tasks: [segmentation]}]"
)
TWO_STAGE = ("model.sharing.kind=two-stage", "model.norm=batch", "training.validate_every=0.5", PHASES)
AUXILIARY = ("by_encoder.classification.", "by_encoder.box.", "by_task.classification.", "by_task.box.")


def _recipe(*settings: str, num_steps: int = NUM_STEPS) -> Recipe:
    return load_recipe("tiny-mtl", [*SETTINGS, f"training.steps={num_steps}", *settings])


def _stopped(step: int, store: Path, out: Path, *settings: str) -> Run:
    """A run that was stopped in the step after this one; its checkpoint is the last one before."""
    with pytest.raises(KeyboardInterrupt):
        train(_recipe(*settings), store, out, observers=[StopAt(step + 1)])
    return Run(out)


def _split(state: dict[str, Tensor], *, auxiliary: bool) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if any(part in name for part in AUXILIARY) == auxiliary}


def _same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


def _of(run: Run, kind: str) -> list[dict[str, Any]]:
    return [event for event in read_events(run.events_file) if event["event"] == kind]


def test_fault_21_what_is_frozen_stays_to_the_bit(store_path: Path, tmp_path: Path) -> None:
    decay = "training.optimizer={kind: adamw, weight_decay: 0.5}"
    early = learner_state(_stopped(START_OF_TARGET + 2, store_path, tmp_path / "early", *TWO_STAGE, decay))
    late = learner_state(train(_recipe(*TWO_STAGE, decay), store_path, tmp_path / "late"))
    frozen = _split(early["network"], auxiliary=True)
    assert sum(name.endswith("running_mean") for name in frozen) > 5
    assert _same(frozen, _split(late["network"], auxiliary=True))
    assert not _same(_split(early["network"], auxiliary=False), _split(late["network"], auxiliary=False))
    memory = [learner["optimizer"]["state"] for learner in (early, late)]
    steps = [{int(each["step"]) for each in one.values()} for one in memory]
    assert steps == [{START_OF_TARGET, 2}, {START_OF_TARGET, NUM_STEPS - START_OF_TARGET}]


def test_the_first_phase_leaves_the_target_alone(store_path: Path, tmp_path: Path) -> None:
    states = [
        learner_state(_stopped(step, store_path, tmp_path / str(step), *TWO_STAGE))["network"]
        for step in (2, START_OF_TARGET - 2)
    ]
    assert _same(*(_split(state, auxiliary=False) for state in states))
    assert not _same(*(_split(state, auxiliary=True) for state in states))


def test_frozen_parts_are_trained_on_as_they_are_validated(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe(*TWO_STAGE, "training.tolerance=100"), store_path, tmp_path / "run")
    kept, last = load_weights(run.best_file)[0], learner_state(run)["network"]
    assert load(run).step == NUM_STEPS
    assert _same(_split(kept, auxiliary=True), _split(last, auxiliary=True))
    assert not _same(_split(kept, auxiliary=False), _split(last, auxiliary=False))


@pytest.mark.parametrize("stop", [3, START_OF_TARGET, START_OF_TARGET + 5])
def test_a_stopped_run_goes_on_in_its_phase_to_the_same_weights(stop: int, store_path: Path, tmp_path: Path) -> None:
    settings = (*TWO_STAGE, "balancer={kind: uncertainty}", "training.schedule={kind: plateau, patience: 0}")
    whole = train(_recipe(*settings), store_path, tmp_path / "whole")
    _stopped(stop, store_path, tmp_path / "parts", *settings)
    parts = train(_recipe(*settings), store_path, tmp_path / "parts", resume=True)
    assert _same(learner_state(whole)["network"], learner_state(parts)["network"])
    assert _same(load_weights(whole.best_file)[0], load_weights(parts.best_file)[0])
    assert [event["losses"] for event in _of(whole, "step")] == [event["losses"] for event in _of(parts, "step")]


def test_best_counts_only_while_the_target_trains(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe(*TWO_STAGE, "training.patience=0"), store_path, tmp_path / "run")
    looks = _of(run, "validation")
    assert {look["phase"] for look in looks} == {"first", "then"}
    assert not any(look["best"] for look in looks if look["phase"] == "first")
    assert any(look["best"] for look in looks if look["phase"] == "then")
    assert load(run).step > START_OF_TARGET


def test_without_validation_split_the_last_weights_of_the_target_are_kept(tmp_path: Path) -> None:
    from auxseg.data.preparing.prepare import prepare
    from tests.run.conftest import Uneven

    prepare(Uneven(20), tmp_path / "data.h5", size=32, split="80-0-20")
    others = "{name: others, tasks: [classification, box]}"
    phases = f"training.phases=[{{name: target, steps: 2, tasks: [segmentation]}}, {others}]"
    settings = (phases, "training.validate_every=0.3", "model.norm=batch")
    assert load(train(_recipe(*settings, num_steps=4), tmp_path / "data.h5", tmp_path / "run")).step == 2


def test_events_say_the_phase_and_each_phase_has_its_own_schedule(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe(*TWO_STAGE), store_path, tmp_path / "run")
    steps = _of(run, "step")
    assert [step["phase"] for step in steps] == ["first"] * START_OF_TARGET + ["then"] * (NUM_STEPS - START_OF_TARGET)
    assert {tuple(step["losses"]) for step in steps[:START_OF_TARGET]} == {("classification", "box")}
    assert {tuple(step["losses"]) for step in steps[START_OF_TARGET:]} == {("segmentation",)}
    schedule, rate = run.recipe.training.schedule, run.recipe.training.optimizer.rate
    for start, end in ((0, START_OF_TARGET), (START_OF_TARGET, NUM_STEPS)):
        expected = [rate * schedule.build(end - start).factor(step) for step in range(end - start)]
        assert [step["learning_rate"] for step in steps[start:end]] == pytest.approx(expected)
    assert [phase.steps for phase in run.recipe.training.phases] == [START_OF_TARGET, None]
    report([run.directory], tmp_path / "report.html")


def test_more_steps_belong_to_the_last_phase(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe(*TWO_STAGE), store_path, tmp_path / "run")
    train(_recipe(*TWO_STAGE, num_steps=NUM_STEPS + 4), store_path, run.directory, resume=True)
    phases = [step["phase"] for step in _of(run, "step")]
    assert phases == ["first"] * START_OF_TARGET + ["then"] * (NUM_STEPS + 4 - START_OF_TARGET)
    with pytest.raises(InputError, match=r"training\.phases"):
        train(_recipe(*TWO_STAGE[:-1], num_steps=NUM_STEPS + 4), store_path, run.directory, resume=True)


def test_more_steps_where_all_lengths_are_steps(store_path: Path, tmp_path: Path) -> None:
    def recipe(last: int) -> Recipe:
        phases = f"training.phases=[{{name: a, steps: 2, tasks: [box]}}, {{name: b, steps: {last}}}]"
        return _recipe(phases, num_steps=2 + last)

    run = train(recipe(2), store_path, tmp_path / "run")
    train(recipe(3), store_path, run.directory, resume=True)
    assert [step["phase"] for step in _of(run, "step")] == ["a", "a", "b", "b", "b"]


def test_one_phase_of_everything_is_a_run_without_phases(store_path: Path, tmp_path: Path) -> None:
    plain = train(_recipe(num_steps=6), store_path, tmp_path / "plain")
    phase = train(_recipe("training.phases=[{name: all}]", num_steps=6), store_path, tmp_path / "phase")
    assert _same(learner_state(plain)["network"], learner_state(phase)["network"])
    assert all("phase" not in step for step in _of(plain, "step"))


def test_phases_of_a_shared_encoder(store_path: Path, tmp_path: Path) -> None:
    heads = "{name: heads, steps: 4, train: [segmentation, classification, box]}, {name: all}"
    settings = (f"training.phases=[{heads}]", "model.norm=batch")
    early = learner_state(_stopped(2, store_path, tmp_path / "early", *settings, "training.validate_every=0.5"))[
        "network"
    ]
    late = learner_state(_stopped(4, store_path, tmp_path / "late", *settings, "training.validate_every=0.5"))[
        "network"
    ]
    end = learner_state(train(_recipe(*settings, num_steps=6), store_path, tmp_path / "end"))["network"]
    encoder = [name for name in early if "sharing.encoder" in name]
    assert all(torch.equal(early[name], late[name]) for name in encoder)
    assert not any(torch.equal(late[name], end[name]) for name in encoder if name.endswith("conv.weight"))
    boxes = [name for name in early if "sharing.by_task.box." in name]
    assert not any(torch.equal(early[name], late[name]) for name in boxes)


def test_switching_a_task_off_takes_it_out_of_the_phases() -> None:
    phases = _recipe(*TWO_STAGE, "tasks.box=off").training.phases
    assert [phase.tasks for phase in phases] == [("classification",), ("segmentation",)]
