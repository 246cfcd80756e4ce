"""Every image that is trained on or tested is in the test split of one fold, and trained on in the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auxseg.data.loading.folds import dealt_rows, fold_name, in_fold, parse_fold
from auxseg.data.loading.selection import TrainOn, training_rows
from auxseg.data.store.store import Store
from auxseg.data.synthesize import synthesize
from auxseg.errors import InputError


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("folds") / "animals.h5"
    synthesize(path, num_samples=40, size=32, processes=1)
    return Store.open(path)


def in_folds(store: Store, num_folds: int, train_on: TrainOn = "train") -> list[Store]:
    return [in_fold(store, fold_name(number, num_folds), train_on) for number in range(1, num_folds + 1)]


@pytest.mark.parametrize("train_on", ["train", "train+val"])
@pytest.mark.parametrize("num_folds", [2, 3, 7])
def test_every_image_is_tested_once_and_else_trained_on(store: Store, train_on: TrainOn, num_folds: int) -> None:
    dealt = dealt_rows(store, train_on)
    folds = in_folds(store, num_folds, train_on)
    tested = np.concatenate([fold.rows("test") for fold in folds])
    assert sorted(tested.tolist()) == dealt.tolist()
    for fold in folds:
        trained, test = training_rows(fold, train_on), fold.rows("test")
        assert sorted([*trained, *test]) == dealt.tolist()
        if train_on == "train":
            assert fold.rows("val").tolist() == store.rows("val").tolist()
    sizes = [len(fold.rows("test")) for fold in folds]
    assert max(sizes) - min(sizes) <= 1


def test_folds_are_those_of_the_samples_and_not_of_their_places(store: Store) -> None:
    order = np.random.default_rng(0).permutation(len(store))
    columns = ("ids", "groups", "split", "has_mask", "image_hashes")
    shuffled = replace(
        store,
        **{name: getattr(store, name)[order] for name in columns},
        classes={label: values[order] for label, values in store.classes.items()},
    )
    for before, after in zip(in_folds(store, 4), in_folds(shuffled, 4), strict=True):
        assert set(before.ids[before.rows("test")]) == set(after.ids[after.rows("test")])


def test_masks_and_classes_are_spread_evenly(store: Store) -> None:
    has_mask = np.arange(len(store)) % 3 == 0
    label = min(store.classes)
    alike = replace(store, has_mask=has_mask, classes={label: np.arange(len(store)) // 20})
    dealt = dealt_rows(alike, "train")
    for kind in ((masked, number) for masked in (False, True) for number in (0, 1)):
        mine = [row for row in dealt if (has_mask[row], alike.classes[label][row]) == kind]
        counts = [np.isin(fold.rows("test"), mine).sum() for fold in in_folds(alike, 4)]
        assert max(counts) - min(counts) <= 1
        assert sum(counts) == len(mine)


def test_a_group_is_in_one_fold(store: Store) -> None:
    groups = np.array([f"cow {row // 5}" if row < 30 else "" for row in range(len(store))])
    together = replace(store, groups=groups)
    for fold in in_folds(together, 3):
        test, trained = fold.rows("test"), fold.rows("train")
        assert not {*groups[test]} & {*groups[trained]} - {""}
        assert len(test) > 5


@pytest.mark.parametrize("num_folds", [2, 3, 5])
def test_equal_images_are_in_one_fold_with_the_groups_that_they_join(store: Store, num_folds: int) -> None:
    dealt = dealt_rows(store, "train")
    same, groups = store.image_hashes.copy(), store.groups.copy()
    same[dealt[[0, 7, 20]]] = "one image"
    same[dealt[[5, 9]]] = "another"
    groups[dealt[[9, 11]]] = "cow"
    groups[dealt[[13, 20]]] = "pig"
    for each in in_folds(replace(store, image_hashes=same, groups=groups), num_folds):
        tested = set(each.rows("test").tolist())
        for rows in (dealt[[0, 7, 13, 20]], dealt[[5, 9, 11]]):
            assert len(tested & set(rows.tolist())) in (0, len(rows))


def test_without_equal_images_folds_are_what_they_were(store: Store) -> None:
    """A directory that was begun with an earlier version goes on with the same folds."""
    groups = np.array([f"cow {row // 5}" if row < 15 else "" for row in range(len(store))])
    each = in_folds(replace(store, groups=groups), 3)
    assert [[int(id_.rpartition("-")[2]) for id_ in fold.ids[fold.rows("test")]] for fold in each] == [
        [10, 11, 12, 13, 14, 16, 21, 22, 24, 30, 35],
        [5, 6, 8, 9, 15, 19, 20, 23, 31, 32, 36],
        [0, 1, 2, 3, 4, 18, 25, 26, 28, 29, 33, 34, 38, 39],
    ]


def test_more_folds_than_images_are_refused(store: Store) -> None:
    num_dealt = len(dealt_rows(store, "train"))
    in_fold(store, f"1/{num_dealt}", "train")
    with pytest.raises(InputError, match=rf"{num_dealt + 1} folds need as many images .*found {num_dealt} images; set"):
        in_fold(store, f"1/{num_dealt + 1}", "train")
    together = replace(store, groups=np.array(["one", "other"])[np.arange(len(store)) % 2])
    with pytest.raises(InputError, match="3 folds need as many groups that are trained on or tested, found 2 groups"):
        in_fold(together, "1/3", "train")


@pytest.mark.parametrize("fold", ["0/5", "6/5", "1/1", "5", "a/5", "1/5/5", "-1/5", "1/"])
def test_what_is_no_fold_is_refused(fold: str) -> None:
    with pytest.raises(InputError, match=r"data\.fold: expected a fold such as 2/5, at least of two, found "):
        parse_fold(fold)
    assert parse_fold("2/5") == (2, 5)


def test_the_store_itself_stays(store: Store, tmp_path: Path) -> None:
    before = store.split.copy()
    in_folds(store, 3)
    assert np.array_equal(store.split, before)
