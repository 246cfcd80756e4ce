"""Runs whose branches are merged: one branch is a plain run, a stopped one goes on, and auxiliaries do no harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from auxseg.recipe import Recipe, load_recipe
from auxseg.report import report
from auxseg.run import Run, evaluate, load, train
from tests.forked import train_in_two
from tests.raw_events import read_events
from tests.run.checkpoints import learner_state, tensors
from tests.run.conftest import SETTINGS
from tests.stopping import StopAt
from tests.weights import load_weights

FORK = "training.fork_merge={candidates: 2}"


def _recipe(*settings: str) -> Recipe:
    return load_recipe("tiny-mtl", [*SETTINGS, *settings])


def _of(run: Run, kind: str) -> list[dict[str, Any]]:
    return [event for event in read_events(run.events_file) if event["event"] == kind]


def _same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


def test_without_auxiliaries_it_is_a_plain_run(store_path: Path, tmp_path: Path) -> None:
    settings = ("tasks.box=off", "tasks.classification=off", "training.steps=8")
    plain = train(_recipe(*settings), store_path, tmp_path / "plain")
    fork = train(_recipe(*settings, FORK), store_path, tmp_path / "fork")
    assert _same(learner_state(plain)["network"], learner_state(fork)["network"])
    assert _same(load_weights(plain.best_file)[0], load_weights(fork.best_file)[0])
    assert not any("merged" in look for look in _of(fork, "validation"))


@pytest.mark.parametrize("stop", [4, 8])
def test_a_stopped_run_goes_on_to_the_same_weights(stop: int, store_path: Path, tmp_path: Path) -> None:
    """Also from the checkpoint after an epoch, when the branches differ."""
    settings = (FORK, "training.steps=9", "training.validate_every=1.4", "balancer.kind=uncertainty")
    whole = train(_recipe(*settings), store_path, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(_recipe(*settings), store_path, tmp_path / "parts", observers=[StopAt(stop)])
    parts = train(_recipe(*settings), store_path, tmp_path / "parts", resume=True)
    one, other = (tensors(learner_state(run)) for run in (whole, parts))
    assert all(torch.equal(mine, its) for mine, its in zip(one, other, strict=True))
    assert _same(load_weights(whole.best_file)[0], load_weights(parts.best_file)[0])
    merged = [[look["merged"] for look in _of(run, "validation")] for run in (whole, parts)]
    assert merged[0] == merged[1]
    assert all(sum(weights.values()) == pytest.approx(1) for weights in merged[0])
    assert list(merged[0][0]) == ["segmentation", "classification", "box"]


@pytest.mark.parametrize("average", [0, 0.9])
def test_labels_drawn_at_random_do_not_harm_on_validation(average: float, store_path: Path, tmp_path: Path) -> None:
    """Until the first merger the branch without auxiliaries is the training of the target alone."""
    settings = ("tasks.box=off", "tasks.classification=off", "training.steps=6", "training.validate_every=5")
    settings = (*settings, f"training.average={average}")
    noise = ("tasks.noise={kind: random-labels}", "balancer.weights={noise: 20}", FORK)
    alone = train(_recipe(*settings), store_path, tmp_path / "alone")
    together = train(_recipe(*settings, *noise[:-1]), store_path, tmp_path / "together")
    forked = train(_recipe(*settings, *noise), store_path, tmp_path / "forked")
    figures = [_of(run, "validation")[0]["figures"]["segmentation"]["iou_image"] for run in (alone, together, forked)]
    assert figures[2] >= figures[0]
    assert figures[1] != figures[0]


def test_all_branches_lower_their_rate_on_a_plateau(store_path: Path, tmp_path: Path) -> None:
    plateau = "training.schedule={kind: plateau, patience: 0, drop: 0.5}"
    rate = "training.optimizer={kind: sgd, rate: 1.0e-9}"  # nothing gets better
    run = train(_recipe(FORK, plateau, rate, "training.steps=6", "training.validate_every=0.4"), store_path, tmp_path)
    state = learner_state(run)
    assert state["schedules"][0]["current"] < 1
    assert [each["schedules"] for each in state["branches"]] == [state["schedules"]] * 2


def test_it_is_evaluated_reported_and_predicts(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe(FORK, "training.steps=6"), store_path, tmp_path / "run")
    assert set(_of(run, "step")[0]["losses"]) == {"segmentation", "classification", "box"}
    evaluate(run.directory, data=store_path)
    report([run.directory], tmp_path / "report.html")
    assert set(load(run).tasks) == {"segmentation", "classification", "box"}


@pytest.mark.slow
def test_two_processes_end_with_the_weights_of_one(store_path: Path, tmp_path: Path) -> None:
    plain = "training.optimizer={kind: sgd, rate: 0.05}"
    settings = ["training.steps=3", "training.accumulate=2", plain, FORK]
    one = train(_recipe(*settings), store_path, tmp_path / "one")
    asked = ["train", "tiny-mtl", "--data", store_path, "--out", tmp_path / "two", "--device", "cpu"]
    train_in_two([*asked, "--set", *SETTINGS, *settings], tmp_path)
    two = Run.open(tmp_path / "two")
    for name, value in learner_state(one)["network"].items():
        torch.testing.assert_close(learner_state(two)["network"][name], value, rtol=1e-4, atol=1e-5)
