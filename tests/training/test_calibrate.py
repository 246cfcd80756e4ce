"""Choosing precision and memory format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources.synthetic import SyntheticSource
from auxseg.data.store.store import Store
from auxseg.errors import RunError
from auxseg.models import build_network
from auxseg.recipe import build_tasks, load_recipe
from auxseg.training import calibrate as calibration
from auxseg.training.calibrate import Choice, _close, _Trial, calibrate
from auxseg.training.runtime import Runtime


@pytest.fixture
def measured(tmp_path: Path) -> Callable[[], Choice]:
    """A choice among all precisions and memory formats for a small network."""
    prepare(SyntheticSource(num_samples=8, size=32), tmp_path / "data.h5", size=32)
    store = Store.open(tmp_path / "data.h5")
    recipe = load_recipe("tiny-mtl", {"model.encoder.channels": [4, 8]})
    tasks = build_tasks(recipe, store.vocabulary)
    network = build_network(recipe.model, {name: task.output for name, task in tasks.items()}, 0)
    batches = list(EvaluationLoader(store, store.rows("train"), 4))
    return lambda: calibrate(network, tasks, batches, Runtime("cpu"), None, None)


def refuse_memory(monkeypatch: pytest.MonkeyPatch, *precisions: str) -> None:
    run = _Trial.run
    monkeypatch.setattr(calibration, "_is_bf16_hopeless", lambda *_: False)

    def short(trial: _Trial) -> tuple[float, tuple[float, float]]:
        if trial.precision in precisions:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return run(trial)

    monkeypatch.setattr(_Trial, "run", short)


def test_what_does_not_fit_memory_is_not_chosen(
    measured: Callable[[], Choice], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_memory(monkeypatch, "fp32")
    choice = measured()
    assert choice.precision == "bf16"
    assert sorted(choice.seconds) == ["bf16 NCHW", "bf16 channels_last"]


def test_a_batch_that_fits_in_no_precision_is_said_so(
    measured: Callable[[], Choice], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_memory(monkeypatch, "fp32", "bf16")
    with pytest.raises(RunError, match=r"a step of 4 images does not fit the memory of cpu .* lower training\.batch"):
        measured()


def test_chooses_among_what_is_open_and_leaves_the_network_as_it_was(tmp_path: Path) -> None:
    prepare(SyntheticSource(num_samples=8, size=32), tmp_path / "data.h5", size=32)
    store = Store.open(tmp_path / "data.h5")
    recipe = load_recipe("tiny-mtl", {"model.encoder.channels": [4, 8]})
    tasks = build_tasks(recipe, store.vocabulary)
    network = build_network(recipe.model, {name: task.output for name, task in tasks.items()}, 0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    batches = list(EvaluationLoader(store, store.rows("train"), 4))
    runtime = Runtime("cpu")

    free = calibrate(network, tasks, batches, runtime, None, None)
    assert len(free.seconds) in (2, 4)  # bf16 is out where it is far slower
    assert all(seconds > 0 for seconds in free.seconds.values())
    half = calibrate(network, tasks, batches, runtime, "fp32", None)
    assert half.precision == "fp32"
    assert len(half.seconds) == 2
    fixed = calibrate(network, tasks, batches, runtime, "bf16", True)
    assert (fixed.precision, fixed.channels_last, fixed.seconds) == ("bf16", True, {})
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_processor_without_arithmetic_for_bf16_shows_that_on_a_few_images(
    measured: Callable[[], Choice], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, images = _Trial.run, list[tuple[str, int]]()

    def slow(trial: _Trial) -> tuple[float, tuple[float, float]]:
        images.append((trial.precision, len(trial.batch)))
        _, signature = run(trial)
        return (0.1 if trial.precision == "fp32" else 0.5), signature

    monkeypatch.setattr(_Trial, "run", slow)
    assert sorted(measured().seconds) == ["fp32 NCHW", "fp32 channels_last"]
    assert {number for precision, number in images if precision == "bf16"} == {2}


def test_numbers_that_bf16_would_spoil_are_not_close() -> None:
    assert _close((1.0, 10.0), (1.01, 11.0))
    assert not _close((1.0, 10.0), (1.1, 10.0))
    assert not _close((1.0, 10.0), (1.0, 20.0))
    assert not _close((float("nan"), 10.0), (1.0, 10.0))
