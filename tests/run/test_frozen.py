"""Runs of frozen and adapted encoders: what stands still keeps its bits, and what is kept can be used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.models import build_network
from auxseg.models.encoders import merge_adapters
from auxseg.recipe import Recipe, build_tasks, load_recipe
from auxseg.run.building import build_learner, train_loader
from auxseg.run.directory import Run
from auxseg.run.load import load
from auxseg.run.train import train
from auxseg.training.learner import Learner
from auxseg.training.runtime import Runtime
from tests.run.conftest import SETTINGS
from tests.stopping import StopAt

NAME = "test_resnet"
PLAIN = (*SETTINGS[1:2], *SETTINGS[3:], "data.augment=none", "training.steps=4")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a small backbone with batch normalisation."""
    path = tmp_path_factory.mktemp("weights") / "pretrained.safetensors"
    torch.manual_seed(5)
    backbone = timm.create_model(NAME)
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = torch.rand(module.num_features)
    save_file(backbone.state_dict(), path)
    return path


def _settings(weights: Path, encoder: str, *settings: str) -> list[str]:
    return [f"model.encoder={{kind: timm, name: {NAME}, {encoder}}}", f"model.weights={weights}", *PLAIN, *settings]


def _recipe(weights: Path, encoder: str, *settings: str, preset: str = "tiny-mtl") -> Recipe:
    return load_recipe(preset, _settings(weights, encoder, *settings))


def _learner(recipe: Recipe, store: Store) -> Learner:
    tasks = build_tasks(recipe, store.vocabulary)
    network = build_network(recipe.model, {name: task.output for name, task in tasks.items()}, recipe.seed)
    return build_learner(recipe, network, tasks, Runtime("cpu"))


def _encoder(run: Run) -> dict[str, Tensor]:
    return {name: value for name, value in load_file(run.best_file).items() if ".encoder." in name}


def _pretrained(weights: Path) -> dict[str, Tensor]:
    return {name.replace(".", "_"): value for name, value in load_file(weights).items()}


def _assert_pretrained(encoder: dict[str, Tensor], weights: Path) -> None:
    expected = _pretrained(weights)
    assert any("running_mean" in name for name in encoder)
    for name, value in encoder.items():
        assert torch.equal(value, expected[name.partition(".backbone.")[2].replace(".", "_")]), name


@pytest.mark.parametrize(
    "settings", [(), ("training.accumulate=2", "balancer={kind: dwa}"), ("model.checkpointing=true",)]
)
def test_a_frozen_encoder_keeps_every_bit(
    settings: tuple[str, ...], weights: Path, store_path: Path, tmp_path: Path
) -> None:
    recipe = _recipe(weights, "freeze: all", "training.validate_every=0.3", *settings)
    run = train(recipe, store_path, tmp_path / "run")
    _assert_pretrained(_encoder(run), weights)
    assert run.start.frozen == {"encoder": run.start.parameters["encoder"]}


def test_first_stages_keep_every_bit_and_the_others_learn(weights: Path, store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe(weights, "freeze: 2"), store_path, tmp_path / "run")
    expected = _pretrained(weights)
    changed = {
        name.partition(".backbone.")[2].split(".")[0]
        for name, value in _encoder(run).items()
        if not torch.equal(value, expected[name.partition(".backbone.")[2].replace(".", "_")])
    }
    assert changed == {"layer2", "layer3", "layer4"}
    assert run.start.frozen is not None
    assert 0 < run.start.frozen["encoder"] < run.start.parameters["encoder"]


def test_a_run_that_freezes_is_resumed_to_the_same_weights(weights: Path, store_path: Path, tmp_path: Path) -> None:
    recipe = _recipe(weights, "freeze: 2", "training.average=0.9")
    one = train(recipe, store_path, tmp_path / "one")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, store_path, tmp_path / "two", observers=[StopAt(2)])
    two = train(recipe, store_path, tmp_path / "two", resume=True)
    kept = load_file(two.best_file)
    assert all(torch.equal(kept[name], value) for name, value in load_file(one.best_file).items())


def test_frozen_parameters_are_not_in_the_optimiser_and_adapters_learn_at_the_full_rate(
    weights: Path, store: Store
) -> None:
    frozen, adapted = (_learner(_recipe(weights, each), store) for each in ("freeze: all", "lora: {rank: 2}"))
    for learner in (frozen, adapted):
        optimised = {id(p) for group in learner.optimizer.param_groups for p in group["params"]}
        pretrained = {id(p) for p in learner.network.encoder_parameters()}
        assert optimised == {id(p) for p in learner.network.parameters()} - pretrained
        assert len({group["base_rate"] for group in learner.optimizer.param_groups}) == 1
    assert sum(len(group["params"]) for group in adapted.optimizer.param_groups) > sum(
        len(group["params"]) for group in frozen.optimizer.param_groups
    )


def test_a_phase_unfreezes(weights: Path, store: Store) -> None:
    phases = "training.phases=[{name: heads, steps: 2}, {name: all, unfreeze: true}]"
    recipe = _recipe(weights, "freeze: all", phases)
    learner = _learner(recipe, store)
    encoder = next(iter(learner.network.sharing.encoders().values()))
    moved: list[bool] = []
    for step, batches in enumerate(train_loader(recipe, store, Runtime("cpu")).steps(0, 4)):
        before = [parameter.detach().clone() for parameter in encoder.parameters()]
        learner.enter(step)
        assert encoder.training == (step >= 2)
        learner.step(batches, step)
        moved.append(any(not torch.equal(*pair) for pair in zip(before, encoder.parameters(), strict=True)))
    assert moved == [False, False, True, True]


def test_adapters_are_merged_where_a_model_is_used(weights: Path, store_path: Path, tmp_path: Path) -> None:
    recipe = _recipe(weights, "lora: {rank: 2, alpha: 16}", "training.optimizer.rate=0.05")
    run = train(recipe, store_path, tmp_path / "run")
    kept = load_file(run.best_file)
    assert any(value.abs().sum() > 0 for name, value in kept.items() if name.endswith(".up"))
    originals = {name: value for name, value in kept.items() if name.endswith(".original")}
    expected = _pretrained(weights)
    for name, value in originals.items():
        plain = name.partition(".backbone.")[2].replace(".parametrizations.weight.original", ".weight")
        assert torch.equal(value, expected[plain.replace(".", "_")])
    model = load(run)
    assert not any("parametrizations" in name for name, _ in model.network.named_parameters())
    tasks = {name: task.output for name, task in model.tasks.items()}
    unmerged = build_network(recipe.model, tasks, 0, recipe.target)
    unmerged.load_state_dict(kept)
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        before, after = unmerged.eval()(image), model.network(image)
    merge_adapters(unmerged)
    for name, output in before.items():
        torch.testing.assert_close(after[name], output, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_two_processes_leave_it_alone(weights: Path, store_path: Path, tmp_path: Path) -> None:
    options = [part for setting in _settings(weights, "freeze: all") for part in ("--set", setting)]
    command = [sys.executable, "-m", "auxseg", "train", "tiny-mtl", "--data", str(store_path)]
    command += ["--out", str(tmp_path / "two"), "--devices", "2", "--device", "cpu", *options]
    subprocess.run(command, check=True, timeout=200, capture_output=True)
    _assert_pretrained(_encoder(Run.open(tmp_path / "two")), weights)


@pytest.mark.parametrize(
    ("encoder", "settings", "expected"),
    [
        ("freeze: all", {"weights": "none"}, r"model\.encoder\.freeze keeps weights .* set model\.weights to a file"),
        ("lora: {}", {"weights": "none"}, r"model\.encoder\.lora keeps weights of the encoder"),
        ("freeze: all, lora: {}", {}, r"model\.encoder\.freeze is all, but model\.encoder\.lora freezes"),
        ("freeze: all", {"sharing": "{kind: cross-stitch}"}, "so cross-stitch has nothing to combine"),
        ("freeze: 9", {}, r"freeze: expected all, or 1 to 4 of its 5 stages, found 9"),
    ],
)
def test_what_makes_no_sense_is_refused(encoder: str, settings: dict[str, Any], expected: str, weights: Path) -> None:
    with pytest.raises(InputError, match=expected):
        _recipe(weights, encoder, *(f"model.{key}={value}" for key, value in settings.items()))


def test_nothing_shared_that_learns_cannot_be_compared(weights: Path) -> None:
    with pytest.raises(InputError, match=r"training\.watch compares .* leaves nothing shared that learns"):
        _recipe(weights, "freeze: all", "training.watch=2")
    _recipe(weights, "freeze: 2", "training.watch=2")
    _recipe(weights, "lora: {}", "training.watch=2")
    shared = "model.sharing={kind: hard, decoder: shared}"
    _recipe(weights, "freeze: all", "training.watch=2", shared)


def test_a_phase_that_trains_only_what_is_frozen_names_the_way_out(weights: Path) -> None:
    phases = "training.phases=[{{name: a, steps: 2, train: [encoder]{}}}, {{name: b}}]"
    with pytest.raises(InputError, match="freeze keeps encoder as it is; set unfreeze: true in this phase"):
        _recipe(weights, "freeze: all", phases.format(""))
    _recipe(weights, "freeze: all", phases.format(", unfreeze: true"))
