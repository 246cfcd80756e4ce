"""A step that no memory holds is refused before memory is taken, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from auxseg.data.sample import Vocabulary
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.models import build_network
from auxseg.processes import peak_memory_bytes
from auxseg.recipe import Recipe, build_tasks, load_recipe
from auxseg.records.values.size import Size
from auxseg.run.beginning import memory
from auxseg.run.beginning.memory import memory_of, refuse_beyond_memory, values_kept
from auxseg.run.train import train
from auxseg.training.runtime import Runtime


def _refuse(store_path: Path, size: int, *settings: str) -> None:
    recipe, vocabulary = load_recipe("tiny-mtl", list(settings)), Store.open(store_path).vocabulary
    refuse_beyond_memory(recipe, build_tasks(recipe, vocabulary), vocabulary, Size.of(size), Runtime("cpu"))


def _saved(recipe: Recipe, vocabulary: Vocabulary, size: int) -> int:
    """How many numbers PyTorch itself keeps for the backward pass, per image."""
    outputs = {name: task.output for name, task in build_tasks(recipe, vocabulary).items()}
    network = build_network(recipe.model, outputs, 0, recipe.target)
    weights = {each.data_ptr() for each in network.parameters()}
    saved: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in weights:
            saved[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        outs = network(torch.zeros(2, 3, size, size))
        assert outs
    return sum(saved.values()) // 2


@pytest.mark.parametrize("preset", ["tiny", "tiny-mtl"])
def test_what_is_counted_is_kept_by_pytorch_too(preset: str, store_path: Path) -> None:
    recipe, vocabulary = load_recipe(preset), Store.open(store_path).vocabulary
    counted = values_kept(recipe, build_tasks(recipe, vocabulary), vocabulary, Size.of(64))
    assert 0 < counted <= 1.1 * _saved(recipe, vocabulary, 64)


def test_frozen_and_recomputed_layers_keep_nothing(store_path: Path) -> None:
    vocabulary = Store.open(store_path).vocabulary

    def counted(*settings: str) -> int:
        recipe = load_recipe("tiny", list(settings))
        return values_kept(recipe, build_tasks(recipe, vocabulary), vocabulary, Size.of(64))

    frozen = counted("model.encoder={kind: timm, name: resnet18, freeze: all}", "model.weights=timm")
    assert 0 < frozen < counted("model.encoder={kind: timm, name: resnet18}")
    assert counted("model.checkpointing=true") == 0


def test_a_step_beyond_memory_is_refused_before_it_is_taken(store_path: Path, tmp_path: Path) -> None:
    before = peak_memory_bytes()
    recipe = load_recipe("tiny", ["data.size=32", "training.batch=65536", "model.width=8", "training.steps=1"])
    with pytest.raises(InputError) as refusal:
        _refuse(store_path, 2048, "data.size=2048", "training.batch=4096", "training.accumulate=2")
    assert "data.size=2048 and a micro-batch of 2048 (training.batch=4096, training.accumulate=2) take at least" in str(
        refusal.value
    )
    with pytest.raises(InputError, match=r"GiB of memory; set training\.batch or data\.size lower"):
        train(recipe, store_path, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert peak_memory_bytes() - before < 2**30


def test_windows_are_what_the_network_sees(store_path: Path) -> None:
    with pytest.raises(InputError, match=r"^data\.crop\.size=2048 and .* set training.batch or data.crop.size lower"):
        _refuse(store_path, 2048, "data.crop.size=2048", "training.batch=4096", "tasks.box=off")


def test_what_fits_is_let_through(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "memory_of", lambda _: 10**9)
    _refuse(store_path, 128, "training.batch=16")
    _refuse(store_path, 512, "training.batch=512", "training.accumulate=512")


def test_memory_is_that_of_the_machine_or_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "_CONTROL_GROUP", limit)
    there = memory_of(torch.device("cpu"))
    limit.write_text("max\n")
    assert memory_of(torch.device("cpu")) == there
    limit.write_text(f"{there // 2}\n")
    assert memory_of(torch.device("cpu")) == there // 2
