"""What a recipe's settings become: loaders of the right rows, and a learner of the right parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.loading.selection import labelled_rows, training_rows
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.models import build_network
from auxseg.recipe import Recipe, build_tasks, load_recipe, with_changes
from auxseg.records.values.size import Size
from auxseg.run.building import build_learner, open_data, train_loader, validation_loader, with_pixels, without_labels
from auxseg.training.learner import Learner
from auxseg.training.runtime import Runtime
from tests.run.conftest import SETTINGS
from tests.tasks.examples import TASKS, erase, make_batch

CPU = Runtime("cpu")


def _recipe(*settings: str, preset: str = "tiny-mtl") -> Recipe:
    return load_recipe(preset, [*SETTINGS, "training.steps=4", *settings])


def _learner(recipe: Recipe, store: Store) -> Learner:
    tasks = build_tasks(recipe, store.vocabulary)
    network = build_network(recipe.model, {name: task.output for name, task in tasks.items()}, recipe.seed)
    return build_learner(recipe, network, tasks, CPU)


def test_data_are_opened_at_the_size_that_is_asked_for(store_path: Path) -> None:
    assert open_data(store_path, _recipe()).size == Size.of(32)
    small = open_data(str(store_path), _recipe("data.size=16"))
    assert small.size == Size.of(16)
    with pytest.raises(InputError, match=r"none\.h5"):
        open_data(store_path.with_name("none.h5"), _recipe())


def test_pixels_are_counted_of_the_masks_that_are_trained_on_and_only_if_asked_for(store: Store) -> None:
    assert with_pixels(store, _recipe()) is store
    balanced = "tasks.segmentation.class_weights=balanced"
    for settings in (), ("data.train_on=train+val",), ("data.label_fraction=0.2",), ("data.size=16",):
        asked = _recipe(balanced, *settings)
        opened = open_data(store.path, asked)
        rows = training_rows(opened, asked.data.train_on)
        masks = [opened.read(row)[1] for row in labelled_rows(opened, rows, asked.data.label_fraction).tolist()]
        expected = tuple(sum(int((mask == each).sum()) for mask in masks) for each in range(2))
        assert with_pixels(opened, asked).vocabulary.pixels == expected


def test_training_sees_the_training_split_in_full_batches(store: Store) -> None:
    batches = list(train_loader(_recipe(), store, CPU).steps(0, 3))
    assert [[len(part) for part in step] for step in batches] == [[6]] * 3
    ids = {id_ for step in batches for part in step for id_ in part.ids}
    assert ids <= set(store.ids[training_rows(store, "train")].tolist())


def test_a_step_is_cut_as_the_recipe_says(store: Store) -> None:
    (parts,) = train_loader(_recipe("training.accumulate=3"), store, CPU).steps(0, 1)
    assert [len(part) for part in parts] == [2, 2, 2]


def test_the_seed_decides_the_order(store: Store) -> None:
    first, again, other = (
        next(iter(train_loader(_recipe(f"seed={seed}"), store, CPU).steps(0, 1)))[0].ids for seed in (0, 0, 1)
    )
    assert first == again != other


def test_validation_is_the_validation_split_in_its_order(store: Store) -> None:
    loader = validation_loader(_recipe(), store, CPU)
    assert loader is not None
    ids = [id_ for batch in loader for id_ in batch.ids]
    assert ids == store.ids[store.rows("val")].tolist()


def test_what_is_trained_on_is_not_validated_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert validation_loader(_recipe("data.train_on=train+val"), store, CPU) is None
    monkeypatch.setattr(Store, "rows", lambda self, split: np.zeros(0, np.int64))
    assert validation_loader(_recipe(), store, CPU) is None


def test_a_learner_has_what_the_recipe_says(store: Store) -> None:
    recipe = _recipe(
        "training.clip=0.5", "training.watch=3", "seed=5", "training.precision=bf16", "training.average=0.9"
    )
    learner = _learner(recipe, store)
    assert (learner.clip, learner.watch, learner.seed, learner.precision) == (0.5, 3, 5, "bf16")
    assert learner.average.decay == 0.9
    assert list(learner.tasks) == ["segmentation", "classification", "box"]
    assert [phase.name for phase in learner.phases] == [None]


def test_weights_of_the_balancer_are_optimised_with_the_networks(store: Store) -> None:
    learner = _learner(_recipe("balancer={kind: uncertainty}"), store)
    optimised = {id(p) for group in learner.optimizer.param_groups for p in group["params"]}
    own = {id(p) for module in (learner.network, learner.balancer) for p in module.parameters()}
    assert optimised == own
    assert len(list(learner.balancer.parameters())) == 3


def test_only_pretrained_encoders_have_a_rate_of_their_own(store: Store) -> None:
    recipe = _recipe("training.optimizer={kind: sgd, rate: 0.1, pretrained_rate: 0.1}")
    learner = _learner(recipe, store)
    assert {group["base_rate"] for group in learner.optimizer.param_groups} == {0.1}
    pretrained = with_changes(recipe, model={"weights": "somewhere.safetensors"})
    again = build_learner(pretrained, learner.network, dict(learner.tasks), CPU)
    slow = {id(p) for g in again.optimizer.param_groups if g["base_rate"] == pytest.approx(0.01) for p in g["params"]}
    assert slow == {id(p) for p in learner.network.encoder_parameters()}


def test_every_phase_has_a_balancer_of_its_own(store: Store) -> None:
    recipe = _recipe("training.phases=[{name: a, steps: 1, tasks: [box]}, {name: b}]", "balancer={kind: uncertainty}")
    first, last = _learner(recipe, store).phases
    assert [list(phase.tasks) for phase in (first, last)] == [["box"], ["segmentation", "classification", "box"]]
    assert [len(list(phase.balancer.parameters())) for phase in (first, last)] == [1, 3]


def test_a_precision_that_is_open_is_ours_to_decide_before(store: Store) -> None:
    with pytest.raises(AssertionError):
        _learner(_recipe("training.precision=auto"), store)


def _batches(*batches: Any) -> Any:
    """A loader that fails if it is read further than these."""
    yield from batches
    raise AssertionError("read too far")


def test_tasks_that_no_sample_has_a_label_for_are_named_in_order() -> None:
    batch, nobody = make_batch(2), torch.ones(2, dtype=torch.bool)
    without = replace(batch, box=erase(batch, nobody).box)
    tasks = {name: TASKS[name] for name in ("segmentation", "box", "classification")}
    loader: Any = iter([without, without])
    assert without_labels(tasks, loader) == ["box"]
    empty: Any = iter([erase(batch, nobody)])
    assert without_labels(tasks, empty) == ["segmentation", "box", "classification"]
    assert without_labels({}, _batches(batch)) == []


def test_one_label_is_enough_and_nothing_further_is_read() -> None:
    batch = make_batch(3)
    one = erase(batch, torch.tensor([True, True, False]))
    tasks = {name: TASKS[name] for name in ("segmentation", "box")}
    assert without_labels(tasks, _batches(erase(batch, torch.ones(3, dtype=torch.bool)), one)) == []


def test_labels_that_fall_unevenly_are_found(store: Store) -> None:
    tasks = build_tasks(_recipe(), store.vocabulary)
    assert without_labels(tasks, EvaluationLoader(store, store.rows("train"), 6)) == []
