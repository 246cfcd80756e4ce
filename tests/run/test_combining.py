"""Rules that combine gradients in whole runs: interruptions, cut steps, several processes and other networks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from auxseg.errors import InputError
from auxseg.recipe import Recipe, load_recipe
from auxseg.run import Run, train
from auxseg.training.checkpoint import load_last
from tests.balancing.problem import COMBINING
from tests.forked import train_in_two
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS
from tests.stopping import StopAt

PLAIN = "training.optimizer={kind: sgd, rate: 0.05}"


def _all_but(few: list[str]) -> list[object]:
    return [pytest.param(kind, marks=() if kind in few else pytest.mark.slow) for kind in [*FEATURES, *COMBINING]]


def _recipe(*settings: str) -> Recipe:
    return load_recipe("tiny-mtl", [*SETTINGS, *settings])


FEATURES = {"features": "balancer={kind: mgda, scope: features}", "all": "balancer={kind: pcgrad, scope: all}"}
"""Other scopes than that of all rules."""


def _balancer(case: str) -> str:
    return FEATURES.get(case, f"balancer.kind={case}")


def _state(run: Run) -> dict[str, Tensor]:
    return load_last(run.last_file, torch.device("cpu"))["learner"]["network"]


def _steps(run: Run) -> list[dict]:
    return [event for event in read_events(run.events_file) if event["event"] == "step"]


@pytest.mark.parametrize("kind", _all_but(["pcgrad", "pcd", "excess-mtl"]))
def test_resumed_run_ends_with_the_same_weights(kind: str, store_path: Path, tmp_path: Path) -> None:
    recipe = _recipe("training.steps=8", _balancer(kind))
    whole = train(recipe, store_path, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, store_path, tmp_path / "stopped", observers=[StopAt(4)])
    stopped = train(recipe, store_path, tmp_path / "stopped", resume=True)
    one, other = _state(whole), _state(stopped)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert [step["weights"] for step in _steps(whole)] == [step["weights"] for step in _steps(stopped)]


@pytest.mark.parametrize("kind", _all_but(["upgrad", "features"]))
def test_micro_batches_change_nothing(kind: str, store_path: Path, tmp_path: Path) -> None:
    settings = ["training.steps=4", PLAIN, _balancer(kind)]
    whole = train(_recipe(*settings), store_path, tmp_path / "whole")
    parts = train(_recipe(*settings, "training.accumulate=3"), store_path, tmp_path / "parts")
    for name, value in _state(whole).items():
        torch.testing.assert_close(_state(parts)[name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", _all_but(["features"]))
def test_two_processes_end_with_the_weights_of_one(kind: str, store_path: Path, tmp_path: Path) -> None:
    settings = ["training.steps=3", "training.accumulate=2", PLAIN, _balancer(kind)]
    one = train(_recipe(*settings), store_path, tmp_path / "one")
    asked = ["train", "tiny-mtl", "--data", store_path, "--out", tmp_path / "two", "--device", "cpu"]
    train_in_two([*asked, "--set", *SETTINGS, *settings], tmp_path)
    for name, value in _state(one).items():
        torch.testing.assert_close(_state(Run.open(tmp_path / "two"))[name], value, rtol=1e-4, atol=1e-5)


NETWORKS = {
    "BatchNorm": ["model.norm=batch"],
    "attention": ["model.sharing={kind: mtan}"],
    "cross-stitch": ["model.sharing={kind: cross-stitch}"],
    "a shared decoder": ["model.sharing={kind: hard, decoder: shared}"],
    "checkpointing, bf16 and clipping": ["model.checkpointing=true", "training.precision=bf16", "training.clip=1.0"],
    "a view of its own": ["tasks.rotation={kind: rotation}"],
}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("balancer", ["balancer={kind: pcgrad}", "balancer={kind: mgda, scope: features}"])
def test_every_network_trains(network: str, balancer: str, store_path: Path, tmp_path: Path) -> None:
    if "features" in balancer and network in ("attention", "cross-stitch", "a view of its own"):
        with pytest.raises(InputError, match=r"balancer.scope is 'features', but .* set balancer.scope=shared"):
            _recipe(balancer, *NETWORKS[network])
        return
    recipe = _recipe("training.steps=2", "training.accumulate=2", balancer, *NETWORKS[network])
    run = train(recipe, store_path, tmp_path / "run")
    assert len(_steps(run)) == 2
    assert all("fallbacks" not in step for step in _steps(run))
