"""Loss weightings in whole runs: cut steps, several processes, interruptions, and what is written down."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from auxseg.recipe import Recipe, load_recipe
from auxseg.run import Run, train
from auxseg.training.checkpoint import load_last
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS
from tests.stopping import StopAt

PLAIN = "training.optimizer={kind: sgd, rate: 0.05}"
BALANCERS = {
    "equal": "balancer={kind: equal}",
    "uncertainty": "balancer={kind: uncertainty, form: revised}",
    "dwa": "balancer={kind: dwa, weights: {box: 0.5}}",
    "dwa-step": "balancer={kind: dwa, every: step}",
    "softadapt": "balancer={kind: softadapt, variant: loss-weighted, every: 2}",
    "geometric": "balancer={kind: geometric, gate: {box: 1.2}}",
    "random": "balancer={kind: random, distribution: bernoulli}",
    "normalised-dynamic": "balancer={kind: normalised-dynamic, every: step}",
}


def _recipe(*settings: str) -> Recipe:
    return load_recipe("tiny-mtl", [*SETTINGS, *settings])


def _state(run: Run) -> dict[str, Tensor]:
    learner = load_last(run.last_file, torch.device("cpu"))["learner"]
    (balancer,) = learner["balancers"]
    return learner["network"] | {name: value for name, value in balancer.items() if isinstance(value, Tensor)}


def _steps(run: Run) -> list[dict]:
    return [event for event in read_events(run.events_file) if event["event"] == "step"]


@pytest.mark.parametrize("balancer", BALANCERS)
def test_resumed_run_ends_with_the_same_weights(balancer: str, store_path: Path, tmp_path: Path) -> None:
    recipe = _recipe("training.steps=14", BALANCERS[balancer])
    whole = train(recipe, store_path, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, store_path, tmp_path / "stopped", observers=[StopAt(8)])
    stopped = train(recipe, store_path, tmp_path / "stopped", resume=True)
    one, other = _state(whole), _state(stopped)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert [step["weights"] for step in _steps(whole)] == [step["weights"] for step in _steps(stopped)]


@pytest.mark.parametrize("balancer", ["uncertainty", "dwa-step", "geometric", "random"])
def test_micro_batches_change_nothing(balancer: str, store_path: Path, tmp_path: Path) -> None:
    settings = ["training.steps=5", PLAIN, BALANCERS[balancer]]
    whole = train(_recipe(*settings), store_path, tmp_path / "whole")
    parts = train(_recipe(*settings, "training.accumulate=3"), store_path, tmp_path / "parts")
    for name, value in _state(whole).items():
        torch.testing.assert_close(_state(parts)[name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("balancer", ["geometric", "uncertainty"])
def test_two_processes_end_with_the_weights_of_one(balancer: str, store_path: Path, tmp_path: Path) -> None:
    settings = ["training.steps=5", "training.accumulate=2", PLAIN, BALANCERS[balancer]]
    one = train(_recipe(*settings), store_path, tmp_path / "one")
    command = [sys.executable, "-m", "auxseg", "train", "tiny-mtl", "--data", store_path, "--out", tmp_path / "two"]
    command += ["--device", "cpu", "--devices", "2", "--set", *SETTINGS, *settings]
    subprocess.run(command, check=True, timeout=200, capture_output=True)
    for name, value in _state(one).items():
        torch.testing.assert_close(_state(Run.open(tmp_path / "two"))[name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", ["kendall", "revised"])
def test_fault_06_a_run_trains_the_log_variances_of_uncertainty(form: str, store_path: Path, tmp_path: Path) -> None:
    recipe = _recipe("training.steps=4", f"balancer={{kind: uncertainty, form: {form}}}")
    run = train(recipe, store_path, tmp_path / "run")
    learned = {name: value.item() for name, value in _state(run).items() if "log_variances" in name}
    assert len(learned) == len(recipe.tasks)
    assert all(abs(value) > 1e-4 for value in learned.values()), learned


def test_weights_are_written_down_every_step_and_every_validation(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe("training.steps=10", BALANCERS["random"]), store_path, tmp_path / "run")
    steps = _steps(run)
    assert all(step["weights"].keys() == step["losses"].keys() for step in steps)
    with (run.directory / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [run.start.steps_per_epoch, 10]
    since = 0
    for row in rows:
        weights = [step["weights"]["box"] for step in steps[since : int(row["step"])] if "box" in step["weights"]]
        assert float(row["box.weight"]) == pytest.approx(sum(weights) / len(weights))
        since = int(row["step"])


def test_fault_20_a_missing_label_switches_off_its_own_task_alone(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe("training.steps=20", "training.batch=1"), store_path, tmp_path / "run")
    taking_part = [frozenset(step["losses"]) for step in _steps(run)]
    assert any("classification" not in tasks and "segmentation" in tasks for tasks in taking_part)
    assert any("segmentation" not in tasks and "box" in tasks for tasks in taking_part)
