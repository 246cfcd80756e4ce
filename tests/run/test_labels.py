"""A task that no training sample has a label for learns nothing, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from auxseg.data.loading.selection import labelled_rows, training_rows
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import MISSING, Sample, Vocabulary
from auxseg.data.sources.source import Item
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import build_tasks, load_recipe
from auxseg.records.values.size import Size
from auxseg.run import load, train
from auxseg.run.labels import labelled_samples, needs
from auxseg.tasks.segmentation import SegmentationConfig
from tests.run.conftest import SETTINGS, Uneven

EVERY_KIND = {
    "distance": ("{kind: distance}", (True, False, set())),
    "edges": ("{kind: edges}", (False, False, set())),
    "rotation": ("{kind: rotation}", (False, False, set())),
    "noise": ("{kind: noise}", (False, False, set())),
    "random": ("{kind: random-labels, label: species}", (False, False, {"species"})),
    "classification": ("{kind: classification, label: breed}", (False, False, {"breed"})),
    "box": ("{kind: box}", (False, True, set())),
    "boxes": ("{kind: box-mask}", (False, True, set())),
    "same": ("{kind: consistency}", (False, False, set())),
    "segmentation": ("{kind: segmentation}", (True, False, set())),
}


class Boxless(Uneven):
    """No training sample has a box; with ``everywhere`` no sample at all."""

    def __init__(self, num_samples: int, kept: frozenset[str]) -> None:
        super().__init__(num_samples)
        self._kept = kept

    def read(self, item: Item) -> Sample:
        sample = super().read(item)
        return sample if item.id in self._kept else replace(sample, boxes=())


def _prepared(path: Path, kept: Sequence[str]) -> Path:
    prepare(Boxless(24, frozenset(kept)), path, size=32)
    return path


def test_what_a_task_needs_is_found_by_asking_it(store_path: Path) -> None:
    store = Store.open(store_path)
    settings = [f"tasks.{name}={values}" for name, (values, _) in EVERY_KIND.items()]
    recipe = load_recipe("tiny", [*SETTINGS, *settings])
    for name, task in build_tasks(recipe, store.vocabulary).items():
        found = needs(task, store.vocabulary)
        assert (found.mask, found.box, set(found.labels)) == EVERY_KIND[name][1], name


def test_a_mask_is_needed_by_a_task_that_has_no_weight_for_its_first_classes() -> None:
    weights = {"road": 0.0, "car": 0.0}
    for classes in (("road", "car", "pole"), ("road", "car", *map(str, range(240)))):
        vocabulary = Vocabulary(Size.of(16), classes, {})
        task = SegmentationConfig(class_weights=weights).build("mask", vocabulary)
        assert needs(task, vocabulary).mask


def test_labels_are_counted_by_task(store_path: Path) -> None:
    store = Store.open(store_path)
    tasks = build_tasks(load_recipe("tiny-mtl", SETTINGS), store.vocabulary)
    rows = training_rows(store, "train")
    counts = labelled_samples(tasks, store, rows, labelled_rows(store, rows, 0.5))
    label = next(iter(store.classes))
    assert counts == {
        "segmentation": round(0.5 * store.has_mask[rows].sum()),
        "classification": (store.classes[label][rows] != MISSING).sum(),
        "box": int((~(store.boxes[rows] != store.boxes[rows]).any(1)).sum()),
    }


def test_an_auxiliary_without_any_label_is_refused_with_the_way_out(tmp_path: Path) -> None:
    data = _prepared(tmp_path / "data.h5", [])
    recipe = load_recipe("tiny-mtl", [*SETTINGS, "training.steps=1"])
    with pytest.raises(InputError, match=r"no training sample has a label for the auxiliary box.*--set tasks\.box=off"):
        train(recipe, data, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    off = load_recipe("tiny-mtl", [*SETTINGS, "training.steps=1", "tasks.box=off"])
    assert load(train(off, data, tmp_path / "run")).untrained == frozenset()


def test_an_auxiliary_that_only_the_test_split_has_labels_for_is_left_out_of_answers(tmp_path: Path) -> None:
    first = Store.open(_prepared(tmp_path / "first.h5", []))
    data = _prepared(tmp_path / "data.h5", first.ids[first.rows("test")].tolist())
    told: list[str] = []
    recipe = load_recipe("tiny-mtl", [*SETTINGS, "training.steps=1"])
    run = train(recipe, data, tmp_path / "run", tell=told.append)
    assert len(told) == 1
    assert "auxiliary box (only test have some): it learns nothing" in told[0]
    assert load(run).untrained == {"box"}
    assert run.start.untrained == ("box",)
    assert run.start.labelled["box"] == 0


def test_an_auxiliary_of_weight_zero_is_untrained_too(store_path: Path, tmp_path: Path) -> None:
    settings = ["training.steps=1", "balancer.weights={box: 0}"]
    run = train(load_recipe("tiny-mtl", [*SETTINGS, *settings]), store_path, tmp_path / "run")
    assert load(run).untrained == {"box"}
