"""Faults of evaluation and selection that earlier systems had, each with a test that fails if it comes back."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.store.store import Store
from auxseg.evaluation.measure import Asked, Measured, measure
from auxseg.models import Network, build_network
from auxseg.recipe import build_tasks, load_recipe
from auxseg.run import load, train
from auxseg.tasks import Task
from auxseg.training.schedule import Plateau
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS
from tests.weights import load_weights

CPU = torch.device("cpu")
BATCH_NORM = "model.norm=batch"


def _untrained(store: Store) -> tuple[Network, dict[str, Task]]:
    """A network whose running statistics are not those of any batch, and its tasks."""
    recipe = load_recipe("tiny-mtl", [*SETTINGS, BATCH_NORM])
    tasks = build_tasks(recipe, store.vocabulary)
    network = build_network(recipe.model, {name: task.output for name, task in tasks.items()}, 0, recipe.target)
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.fill_(0.1)
    return network.train(), tasks


def _measured(store: Store, network: Network, tasks: Mapping[str, Task], rows: Sequence[int], size: int) -> Measured:
    return measure(Asked(network, CPU, contextlib.nullcontext), tasks, EvaluationLoader(store, np.array(rows), size))


def test_fault_01_evaluation_uses_running_statistics_and_does_not_change_them(store_path: Path) -> None:
    store = Store.open(store_path)
    network, tasks = _untrained(store)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    together = _measured(store, network, tasks, range(8), 8)
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    shuffled = [5, 2, 7, 0, 3, 6, 1, 4]
    apart = _measured(store, network, tasks, shuffled, 1)
    for task, table in together.tables.items():
        for column, values in table.items():
            torch.testing.assert_close(
                apart.tables[task][column], values[shuffled], rtol=1e-4, atol=1e-5, equal_nan=True
            )


@pytest.mark.parametrize("size", [1, 3, 4, 7])
def test_fault_02_partial_batches_count_by_size(store_path: Path, size: int) -> None:
    store = Store.open(store_path)
    network, tasks = _untrained(store)
    whole, parts = (_measured(store, network, tasks, range(7), each) for each in (7, size))
    for name, task in tasks.items():
        expected = task.figures(whole.tables[name])
        assert task.figures(parts.tables[name]) == pytest.approx(expected, rel=1e-4, nan_ok=True)
    assert parts.losses(tasks) == pytest.approx(whole.losses(tasks), rel=1e-4)


def test_fault_02_a_perfect_model_scores_one(store_path: Path) -> None:
    store = Store.open(store_path)
    _, tasks = _untrained(store)
    task = tasks["segmentation"]
    tables = []
    for batch in EvaluationLoader(store, np.arange(7), 3):
        target = task.target(batch)
        classes = torch.where(target == 255, 0, target).long()
        output = torch.nn.functional.one_hot(classes, len(store.vocabulary.mask_classes)).permute(0, 3, 1, 2) * 20.0
        tables.append(task.measure(output, target))
    table = {column: torch.cat([part[column] for part in tables]) for column in tables[0]}
    assert task.figures(table)["iou_dataset"] == 1


def test_fault_13_figures_are_those_of_all_images_and_not_means_over_batches(store_path: Path) -> None:
    store = Store.open(store_path)
    network, tasks = _untrained(store)
    task = tasks["segmentation"]
    whole = task.figures(_measured(store, network, tasks, range(9), 3).tables["segmentation"])["iou_dataset"]
    batches = [_measured(store, network, tasks, range(start, start + 3), 3) for start in (0, 3, 6)]
    mean = np.mean([task.figures(batch.tables["segmentation"])["iou_dataset"] for batch in batches])
    confusion = torch.cat([batch.tables["segmentation"]["confusion"] for batch in batches]).double().sum(0)
    hit, union = confusion[1, 1], confusion[1].sum() + confusion[:, 1].sum() - confusion[1, 1]
    assert whole == pytest.approx(float(hit / union))
    assert whole != pytest.approx(float(mean), abs=1e-6)


def test_fault_14_validation_measures_the_validation_split_once_per_look(
    store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    monkeypatch.setattr(Plateau, "observe", lambda self, figure: seen.append(figure))
    settings = ["training.steps=12", "training.schedule={kind: plateau}", "training.tolerance=20"]
    run = train(load_recipe("tiny-mtl", [*SETTINGS, *settings]), store_path, tmp_path / "run")
    looks = [event for event in read_events(run.events_file) if event["event"] == "validation"]
    assert seen == [look["figures"]["segmentation"]["iou_dataset"] for look in looks]
    model, store = load(run), Store.open(store_path)
    assert model.step == 12
    loader = EvaluationLoader(store, store.rows("val"), 4)
    measured = measure(Asked(model.network, CPU, contextlib.nullcontext), model.tasks, loader)
    for name, task in model.tasks.items():
        figures = task.figures(measured.tables[name])
        known = {key: value for key, value in looks[-1]["figures"][name].items() if value is not None}
        assert {key: figures[key] for key in known} == pytest.approx(known, rel=1e-4)


def test_fault_15_the_seed_decides_the_run_and_the_best_model_is_kept(store_path: Path, tmp_path: Path) -> None:
    settings = [*SETTINGS, "training.steps=25", "training.tolerance=0", "training.optimizer.rate=0.03"]
    runs = [
        train(load_recipe("tiny-mtl", [*settings, f"seed={seed}"]), store_path, tmp_path / name)
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    ]
    models = [load_weights(run.best_file)[0] for run in runs]
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])
    assert not all(torch.equal(models[0][name], models[2][name]) for name in models[0])
    assert [run.recipe.seed for run in runs] == [3, 3, 4]
    for run in runs:
        looks = [event for event in read_events(run.events_file) if event["event"] == "validation"]
        best = max(looks, key=lambda look: look["figures"]["segmentation"]["iou_dataset"])
        assert load(run).step == best["step"]
