"""What a recipe leaves open is decided once: from the data, from the phases' lengths, and by measuring."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from auxseg.data.loading.selection import training_rows
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.models import build_network
from auxseg.recipe import Recipe, build_tasks, load_recipe, with_changes
from auxseg.records.values.size import Size
from auxseg.run.beginning import resolving
from auxseg.run.beginning.resolving import Resolved, decide, resolve
from auxseg.run.building import train_loader
from auxseg.run.directory import Run
from auxseg.training.calibrate import Choice
from auxseg.training.runtime import Runtime
from tests.run.conftest import SETTINGS

OPEN = ("training.precision=auto", "training.channels_last=auto")


def _recipe(*settings: str) -> Recipe:
    return load_recipe("tiny", [*SETTINGS, "training.steps=4", *settings])


def _resolved(recipe: Recipe, store: Store, run: Path, *, runtime: Any = None, resume: bool = False) -> Resolved:
    tasks = build_tasks(recipe, store.vocabulary)
    network = build_network(recipe.model, {name: task.output for name, task in tasks.items()}, 0)
    runtime = runtime or Runtime("cpu")
    loader = train_loader(recipe, store, Runtime("cpu"))
    return resolve(recipe, Run(run), store, network, tasks, loader, runtime, resume=resume)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """What was left open, each time that it was measured."""
    asked: list[tuple[Any, Any]] = []

    def pretend(network: Any, tasks: Any, batches: Any, runtime: Any, precision: Any, channels_last: Any) -> Choice:
        asked.append((precision, channels_last))
        return Choice("bf16", True, {"bf16 channels_last": 0.5})

    monkeypatch.setattr(resolving, "calibrate", pretend)
    return asked


def test_epochs_become_steps_of_the_training_split(store: Store, tmp_path: Path) -> None:
    recipe = load_recipe("tiny", [*SETTINGS, "training.epochs=2.5"])
    training = _resolved(recipe, store, tmp_path).recipe.training
    num_rows = len(training_rows(store, "train"))
    assert num_rows % recipe.training.batch  # so that it matters that batches are full
    assert training.epochs is None
    assert training.steps == math.ceil(2.5 * num_rows / recipe.training.batch)


def test_more_is_trained_where_validation_is_trained_on_too(store: Store, tmp_path: Path) -> None:
    steps = [
        _resolved(
            load_recipe("tiny", [*SETTINGS, "training.epochs=10", f"data.train_on={splits}"]), store, tmp_path
        ).recipe.training.num_steps(1)
        for splits in ("train", "train+val")
    ]
    assert steps[0] < steps[1]


def test_size_and_augmentation_are_those_of_the_run(store: Store, tmp_path: Path) -> None:
    resolved = _resolved(_recipe(), store, tmp_path).recipe
    assert resolved.data.size == store.size
    assert resolved.data.augment == _recipe("data.augment=mild").data.augmentation(pretrained=False) != "auto"
    assert _resolved(_recipe("data.size=16"), store.at_size(16), tmp_path).recipe.data.size == Size.of(16)


def test_the_rate_follows_the_width_once(store: Store, tmp_path: Path) -> None:
    recipe = _recipe("model.width=0.5", "training.optimizer={kind: adam, rate: 0.01, base_width: 1.0}")
    resolved = _resolved(recipe, store, tmp_path).recipe
    assert resolved.training.optimizer.rate == pytest.approx(0.02)
    assert _resolved(resolved, store, tmp_path).recipe.training.optimizer == resolved.training.optimizer


def test_phases_become_steps(store: Store, tmp_path: Path) -> None:
    recipe = _recipe("training.phases=[{name: a, share: 0.25}, {name: b}]")
    assert [phase.steps for phase in _resolved(recipe, store, tmp_path).recipe.training.phases] == [1, None]
    phases = "training.phases=[{name: a, share: 0.01}, {name: b}]"
    too_short = load_recipe("tiny", [*SETTINGS, "training.epochs=1", phases])  # so many steps as the data make of it
    with pytest.raises(InputError, match="phases of these lengths do not fit into"):
        _resolved(too_short, store, tmp_path)


def test_a_recipe_that_leaves_nothing_open_is_not_measured(store: Store, tmp_path: Path) -> None:
    found = _resolved(_recipe(), store, tmp_path)
    assert (found.seconds, found.step) == ({}, None)
    assert (found.recipe.training.precision, found.recipe.training.channels_last) == ("fp32", False)


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        (OPEN, (None, None)),
        (("training.precision=auto",), (None, False)),
        (("training.channels_last=auto",), ("fp32", None)),
    ],
)
def test_what_is_open_is_measured_once_and_written_down(
    settings: tuple[str, ...], asked: tuple[Any, Any], store: Store, tmp_path: Path, measured: list[tuple[Any, Any]]
) -> None:
    found = _resolved(_recipe(*settings), store, tmp_path)
    assert measured == [asked]
    assert (found.recipe.training.precision, found.recipe.training.channels_last) == ("bf16", True)
    assert found.seconds == {"bf16 channels_last": 0.5}


def test_other_processes_take_over_what_the_main_one_measured(
    store: Store, tmp_path: Path, measured: list[tuple[Any, Any]]
) -> None:
    class Other:
        is_main = False
        failing_together = Runtime("cpu").failing_together

        def gather(self, value: object) -> list[object]:
            assert value is None
            return [Choice("fp32", False, {"fp32 NCHW": 0.25}), None]

    found = _resolved(_recipe(*OPEN), store, tmp_path, runtime=Other())
    assert measured == []
    assert (found.recipe.training.precision, found.seconds) == ("fp32", {"fp32 NCHW": 0.25})


def test_a_run_that_was_stopped_before_anything_was_written_starts(store: Store, tmp_path: Path) -> None:
    found = _resolved(_recipe(), store, tmp_path, resume=True)
    assert found.step is None
    assert found == _resolved(_recipe(), store, tmp_path)


def test_deciding_changes_nothing_else() -> None:
    recipe = _recipe(*OPEN)
    decided = decide(recipe, "bf16", True)
    assert (decided.training.precision, decided.training.channels_last) == ("bf16", True)
    assert with_changes(decided, training={"precision": "auto", "channels_last": "auto"}) == recipe
