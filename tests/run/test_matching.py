"""A later test set: classes are matched by name, and only those that the tasks ask for."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE, MISSING, Sample
from auxseg.data.sources.source import Item
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import build_tasks, load_recipe
from auxseg.run import load, train
from auxseg.run.load import matching_store
from auxseg.run.matching import matched
from tests.run.conftest import SETTINGS, Uneven

NUM_SAMPLES = 12


class Renamed(Uneven):
    """The same animals under other names of mask classes and labels, in another order."""

    def __init__(self, mask_classes: Sequence[str], order: Sequence[int], breeds: Sequence[str] = ()) -> None:
        super().__init__(NUM_SAMPLES)
        self.mask_classes = tuple(mask_classes)
        self._order, self._breeds = np.array([*order, *range(len(order), 256)], np.uint8), breeds

    def read(self, item: Item) -> Sample:
        sample = super().read(item)
        mask = None if sample.mask is None else self._order[sample.mask]
        classes = {name: value for name, value in sample.classes.items() if name in self._breeds}
        return replace(sample, mask=mask, classes=classes)


@pytest.fixture(scope="module")
def trained_on(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("data") / "data.h5"
    prepare(Uneven(NUM_SAMPLES), path, size=32)
    return Store.open(path)


def _matched(path: Path, trained_on: Store, target: str = "segmentation") -> Store:
    tasks = build_tasks(load_recipe("tiny-mtl", [*SETTINGS, f"target={target}"]), trained_on.vocabulary)
    return matched(Store.open(path), trained_on.vocabulary, list(tasks.values()), target)


def _masks(store: Store) -> np.ndarray:
    return np.stack([store.read(row)[1] for row in range(len(store))])


def test_classes_in_another_order_are_scored_right(trained_on: Store, tmp_path: Path) -> None:
    names = trained_on.vocabulary.mask_classes
    prepare(Renamed(names[::-1], [1, 0], ["species", "breed"]), tmp_path / "later.h5", size=32)
    found = _matched(tmp_path / "later.h5", trained_on)
    assert found.vocabulary == trained_on.vocabulary
    assert not np.array_equal(_masks(Store.open(tmp_path / "later.h5")), _masks(trained_on))
    np.testing.assert_array_equal(_masks(found), _masks(trained_on))
    label = next(iter(trained_on.classes))  # the one that the recipe's task asks for
    np.testing.assert_array_equal(found.classes[label], trained_on.classes[label])


def test_names_of_a_label_in_another_order_are_matched(trained_on: Store) -> None:
    label, names = next(iter(trained_on.vocabulary.labels.items()))
    turned = replace(trained_on.vocabulary, labels={**trained_on.vocabulary.labels, label: (*names[::-1], "unseen")})
    last = len(names) - 1
    ids = {label: np.where(trained_on.classes[label] < 0, -1, last - trained_on.classes[label])}
    other = replace(trained_on, vocabulary=turned, classes={**trained_on.classes, **ids})
    tasks = build_tasks(load_recipe("tiny-mtl", SETTINGS), trained_on.vocabulary)
    found = matched(other, trained_on.vocabulary, list(tasks.values()), "segmentation")
    np.testing.assert_array_equal(found.classes[label], trained_on.classes[label])
    strange = replace(turned, labels={**turned.labels, label: ("stranger", *names[::-1][1:])})
    with pytest.raises(InputError, match=f"has the {label} stranger, which the model does not know"):
        matched(replace(other, vocabulary=strange), trained_on.vocabulary, list(tasks.values()), "segmentation")


def test_what_no_target_asks_for_may_be_missing(trained_on: Store, tmp_path: Path) -> None:
    prepare(Renamed(trained_on.vocabulary.mask_classes, [0, 1]), tmp_path / "later.h5", size=32)
    found = _matched(tmp_path / "later.h5", trained_on)
    np.testing.assert_array_equal(_masks(found), _masks(trained_on))
    assert all((ids == MISSING).all() for ids in found.classes.values())
    with pytest.raises(InputError, match=r"later\.h5: has no label .*, which classification predicts"):
        _matched(tmp_path / "later.h5", trained_on, "classification")


def test_a_class_that_is_absent_does_no_harm_and_a_stranger_is_named(trained_on: Store, tmp_path: Path) -> None:
    names = trained_on.vocabulary.mask_classes
    prepare(Renamed(names[1:], [0, 0]), tmp_path / "less.h5", size=32)
    assert set(np.unique(_masks(_matched(tmp_path / "less.h5", trained_on)))) == {1, IGNORE}
    more = replace(
        trained_on, vocabulary=replace(trained_on.vocabulary, mask_classes=(*names, "sofa"), category_ids=())
    )
    tasks = build_tasks(load_recipe("tiny", SETTINGS), trained_on.vocabulary)
    with pytest.raises(InputError, match=rf"has the mask class sofa, .* it knows {', '.join(names)}"):
        matched(more, trained_on.vocabulary, list(tasks.values()), "segmentation")


@pytest.mark.parametrize(
    ("found", "numbers", "known", "known_numbers", "expected"),
    [
        (("background", "foreground"), (0, 2), ("background", "class 1", "class 2"), (0, 1, 2), {0: 0, 1: 2}),
        (("background", "class 1"), (0, 1), ("background", "foreground"), (0, 1), {0: 0, 1: 1}),
        (("background", "foreground"), (0, 7), ("background", "foreground"), (0, 1), {0: 0, 1: 1}),
        (("background", "foreground"), (0, 3), ("background", "class 1", "class 2"), (0, 1, 2), None),
    ],
)
def test_classes_without_names_are_known_by_their_numbers(
    trained_on: Store,
    found: tuple[str, ...],
    numbers: tuple[int, ...],
    known: tuple[str, ...],
    known_numbers: tuple[int, ...],
    expected: dict[int, int] | None,
) -> None:
    here = replace(trained_on.vocabulary, mask_classes=found, category_ids=numbers)
    model = replace(trained_on.vocabulary, mask_classes=known, category_ids=known_numbers)
    tasks = list(build_tasks(load_recipe("tiny", SETTINGS), model).values())
    other = replace(trained_on, vocabulary=here)
    if expected is None:
        with pytest.raises(InputError, match="has the mask class foreground, which the model does not know"):
            matched(other, model, tasks, "segmentation")
        return
    lookup = matched(other, model, tasks, "segmentation").mask_ids
    assert dict(enumerate([0, 1] if lookup is None else lookup[:2].tolist())) == expected


def test_another_fit_of_the_photographs_is_refused(trained_on: Store) -> None:
    boxed = replace(trained_on, resize="letterbox")
    tasks = build_tasks(load_recipe("tiny", SETTINGS), trained_on.vocabulary)
    with pytest.raises(InputError, match="prepare it again with --resize squash"):
        matched(boxed, trained_on.vocabulary, list(tasks.values()), "segmentation")


def test_data_that_were_replaced_are_not_measured_unless_they_are_named(trained_on: Store, tmp_path: Path) -> None:
    data = tmp_path / "data.h5"
    shutil.copy(trained_on.path, data)
    run = train(load_recipe("tiny", [*SETTINGS, "training.steps=1"]), data, tmp_path / "run")
    model = load(run)
    assert matching_store(run, model).path == data
    prepare(Renamed(trained_on.vocabulary.mask_classes, [0, 1]), data, size=32, overwrite=True)
    with pytest.raises(InputError, match=r"data\.h5: holds other data than .* name it with --data"):
        matching_store(run, model)
    assert matching_store(run, model, data).path == data
