"""Watching the gradients of a run: what is written down, and that the training does not notice."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from auxseg.errors import InputError
from auxseg.recipe import Recipe, load_recipe
from auxseg.run import Run, train
from auxseg.run.observing.tensorboard import TensorBoard
from auxseg.training.checkpoint import load_last
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS

BATCH_NORM = "model.norm=batch"
OWN_VIEW = "tasks.denoising={kind: denoising}"
CASES = {
    "dropout, views and batch norm": (BATCH_NORM, OWN_VIEW, "tasks.box.dropout=0.5"),
    "micro-batches": (BATCH_NORM, "training.accumulate=2"),
    "computed again": (BATCH_NORM, "model.checkpointing=true", "tasks.box.dropout=0.5"),
    "bfloat16": (BATCH_NORM, "training.precision=bf16"),
    "attention": (BATCH_NORM, "model.sharing={kind: mtan}"),
    "cross-stitch": (BATCH_NORM, "model.sharing={kind: cross-stitch}"),
    "phases": (
        BATCH_NORM,
        "training.phases=[{name: first, steps: 2, train: [encoder]}, {name: last, tasks: [segmentation, box]}]",
    ),
    "learned weights": ("balancer={kind: uncertainty}", "training.accumulate=2"),
}
GROUPS = ["all", "stage 1", "stage 2"]


def _recipe(*settings: str, steps: int = 4) -> Recipe:
    return load_recipe("tiny-mtl", [*SETTINGS, f"training.steps={steps}", *settings])


def _looks(run: Run) -> list[dict[str, Any]]:
    return [event for event in read_events(run.events_file) if event["event"] == "gradients"]


def _same(one: Any, other: Any) -> bool:
    """Whether two states of a training have the same bits."""
    if isinstance(one, Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


@pytest.mark.parametrize("settings", CASES.values(), ids=CASES)
def test_watching_changes_no_bit_of_the_training(settings: tuple[str, ...], store_path: Path, tmp_path: Path) -> None:
    without = train(_recipe(*settings), store_path, tmp_path / "without")
    watched = train(_recipe(*settings, "training.watch=1"), store_path, tmp_path / "watched")
    assert _same(*(load_last(run.last_file, torch.device("cpu"))["learner"] for run in (without, watched)))
    assert _looks(without) == []
    assert 2 <= len(_looks(watched)) <= 4  # a micro-batch without a label of the target has nothing to show
    for look in _looks(watched):
        for by_group in look["cosines"].values():
            assert all(cosine is None or -1.00001 <= cosine <= 1.00001 for cosine in by_group.values())
        for value in (*(norms["all"] for norms in look["norms"].values()), *look["affinities"].values()):
            assert math.isfinite(value)


def test_the_log_says_step_stage_and_task(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe("training.watch=3", steps=7), store_path, tmp_path / "run")
    looks = _looks(run)
    assert [look["step"] for look in looks] == [1, 4, 7]
    for look in looks:
        assert {task: list(norms) for task, norms in look["norms"].items()} == dict.fromkeys(
            ("segmentation", "classification", "box"), GROUPS
        )
        assert {task: list(cosines) for task, cosines in look["cosines"].items()} == dict.fromkeys(
            ("classification", "box"), GROUPS
        )
        assert list(look["affinities"]) == ["classification", "box"]
        for norms in look["norms"].values():
            assert norms["all"] == pytest.approx(math.hypot(norms["stage 1"], norms["stage 2"]))


def test_a_resumed_run_holds_every_look_once(store_path: Path, tmp_path: Path) -> None:
    whole = train(_recipe("training.watch=2", steps=9), store_path, tmp_path / "whole")
    run = train(_recipe("training.watch=2", steps=6), store_path, tmp_path / "resumed")
    with run.events_file.open("a") as file:  # steps after the checkpoint, which a kill has lost
        file.write('{"event": "step", "step": 7}\n{"event": "gradients", "step": 7}\n')
    train(_recipe("training.watch=2", steps=9), store_path, run.directory, resume=True)
    assert [look["step"] for look in _looks(run)] == [1, 3, 5, 7, 9]
    assert [look["step"] for look in _looks(whole)] == [1, 3, 5, 7, 9]


def test_a_run_may_be_resumed_with_and_without_watching(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe(steps=4), store_path, tmp_path / "run")
    train(_recipe("training.watch=2", steps=8), store_path, run.directory, resume=True)
    assert [look["step"] for look in _looks(run)] == [5, 7]
    assert run.recipe.training.watch == 2


def test_nothing_to_compare_is_no_look(store_path: Path, tmp_path: Path) -> None:
    alone = train(_recipe("training.watch=1", "tasks.box=off", "tasks.classification=off"), store_path, tmp_path / "a")
    assert _looks(alone) == []
    two_stage = ("model.sharing={kind: two-stage}", "training.phases=[{name: all}]")
    apart = train(_recipe("training.watch=1", *two_stage), store_path, tmp_path / "b")
    assert _looks(apart) == []


@pytest.mark.slow
def test_one_process_or_two_see_the_same(store_path: Path, tmp_path: Path) -> None:
    settings = ("training.watch=1", "training.optimizer={kind: sgd, rate: 0.1}", "training.steps=2")
    one = train(_recipe(*settings), store_path, tmp_path / "one")
    command = [sys.executable, "-m", "auxseg", "train", "tiny-mtl", "--data", str(store_path), "--device", "cpu"]
    out = tmp_path / "two"
    subprocess.run([*command, "--out", str(out), "--devices", "2", "--set", *SETTINGS, *settings], check=True)
    for mine, other in zip(_looks(one), _looks(Run(out)), strict=True):
        for key in ("norms", "cosines"):
            for task, groups in mine[key].items():
                assert other[key][task] == pytest.approx(groups, rel=1e-3, abs=1e-4)
        assert other["affinities"] == pytest.approx(mine["affinities"], rel=0.05, abs=1e-4)


def test_tensorboard_is_given_the_curves(store_path: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    recipe = _recipe("training.watch=2", steps=3)
    with TensorBoard(tmp_path / "run", recipe, store_path) as board:
        run = train(recipe, store_path, tmp_path / "run", observers=[board])
    written = EventAccumulator(str(run.directory / "tensorboard"))
    written.Reload()
    for name, value in (
        ("box/cosine_with_target/stage 1", lambda look: look["cosines"]["box"]["stage 1"]),
        ("box/affinity_to_target", lambda look: look["affinities"]["box"]),
        ("segmentation/shared_gradient_norm", lambda look: look["norms"]["segmentation"]["all"]),
    ):
        curve = {point.step: point.value for point in written.Scalars(name.replace(" ", "_"))}
        assert curve == pytest.approx({look["step"]: value(look) for look in _looks(run)}, rel=1e-5)


def test_an_interval_is_a_number_of_steps() -> None:
    with pytest.raises(InputError, match=r"training\.watch is 0"):
        _recipe("training.watch=0")
