"""Folds of a store: every image that is trained on or tested is tested by a network that has not seen it.

The images of the splits that are trained on and of the test split are dealt into K folds. In fold k its images are the
test split, and all others are trained on. The validation split stays what it is, unless it is trained on as well. Of
the store's own test split nothing is left untouched then.

Which images a fold holds depends on the samples' ids, groups, images and labels alone, not on any seed. Images of one
group, and images that are equal pixel by pixel, are in one fold, with the whole groups that they join. Masks, and the
classes of the first label by name, are spread evenly over the folds.

Shape legend: ``P`` rows of the store that are dealt.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from auxseg.counting import count
from auxseg.data.joined import Joined
from auxseg.data.loading.selection import TrainOn, training_rows
from auxseg.data.sample import SPLITS
from auxseg.data.store.alike import alike
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.keyed import keyed_bytes


def fold_name(number: int, num_folds: int) -> str:
    """What recipes call a fold, counted from 1: ``2/5``."""
    return f"{number}/{num_folds}"


def parse_fold(fold: str) -> tuple[int, int]:
    """Number and count of a fold such as ``2/5``. Raises `InputError` if it is none."""
    number, _, num_folds = fold.partition("/")
    if not (number.isdecimal() and num_folds.isdecimal() and 1 <= int(number) <= int(num_folds) >= 2):
        raise InputError(f"data.fold: expected a fold such as 2/5, at least of two, found {fold}")
    return int(number), int(num_folds)


def dealt_rows(store: Store, train_on: TrainOn) -> Int64[np.ndarray, " P"]:
    """The rows that are dealt into folds, ascending: what is trained on, and the test split."""
    return np.sort(np.concatenate([training_rows(store, train_on), store.rows("test")]))


def in_fold(store: Store, fold: str, train_on: TrainOn) -> Store:
    """The store whose splits are those of one fold.

    Raises `InputError` if there are fewer images, or groups of images, than folds.
    """
    number, num_folds = parse_fold(fold)
    rows = dealt_rows(store, train_on)
    split = store.split.copy()
    split[store.rows("test")] = SPLITS.index("train")
    split[rows[_folds(store, rows, num_folds) == number]] = SPLITS.index("test")
    return replace(store, split=split)


def _folds(store: Store, rows: Int64[np.ndarray, " P"], num_folds: int) -> Int64[np.ndarray, " P"]:
    """The number of each row's fold.

    Groups are dealt one after the other, large ones first and else in an order that their names fix, each to the fold
    that has the fewest images like it, and of equals to the smallest fold.
    """
    members = _together(store, rows)
    if len(members) < num_folds:
        what = "image" if len(members) == len(rows) else "group"
        raise InputError(
            f"{store.path}: {count(num_folds, 'fold')} need as many {what}s that are trained on or tested, found "
            f"{count(len(members), what)}; set fewer folds"
        )
    folds = np.zeros(len(rows), np.int64)
    sizes: Counter[int] = Counter()
    alike: Counter[tuple[int, Hashable]] = Counter()
    order = sorted(members, key=lambda name: (-len(members[name]), keyed_bytes(16, "fold", name)))
    kinds = {name: [_kind(store, int(rows[place])) for place in members[name]] for name in order}
    for name in sorted(order, key=lambda name: repr(kinds[name][0])):  # stable: one kind after the other
        fold = min(range(1, num_folds + 1), key=lambda each: (alike[each, kinds[name][0]], sizes[each]))
        folds[members[name]] = fold
        sizes[fold] += len(members[name])
        alike.update((fold, kind) for kind in kinds[name])
    return folds


def _together(store: Store, rows: Int64[np.ndarray, " P"]) -> dict[str, list[int]]:
    """The places of the rows that have to be in one fold, by the first name that one of them has of group or id."""
    joined = Joined(len(rows))
    set_of = {id: str(number) for number, ids in enumerate(alike(store.provenance)) for id in ids}
    near = [set_of.get(str(id), "") for id in store.ids[rows]]
    for same in (store.groups[rows].tolist(), store.image_hashes[rows].tolist(), near):
        joined.join_equal(same)
    sets: dict[int, list[int]] = defaultdict(list)
    for place in range(len(rows)):
        sets[joined.root(place)].append(place)
    names = [f"group {store.groups[row]}" if store.groups[row] else f"id {store.ids[row]}" for row in rows.tolist()]
    return {min(names[place] for place in places): places for places in sets.values()}


def _kind(store: Store, row: int) -> Hashable:
    """What is spread evenly: whether there is a mask, and the class of the first label by name."""
    label = min(store.classes, default=None)
    return bool(store.has_mask[row]), None if label is None else int(store.classes[label][row])
