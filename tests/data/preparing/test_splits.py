"""Splits are exact in size, even in their classes, true to groups and to the source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from auxseg.data.preparing.splits import assign_splits, parse_split
from auxseg.data.sample import SPLITS
from auxseg.errors import InputError

TRAIN, VAL, TEST = range(3)


def counts(splits: np.ndarray) -> list[int]:
    return np.bincount(splits, minlength=3).tolist()


def divide(split: str, labels: list[int], groups: Sequence[str | None] | None = None, seed: int = 0) -> np.ndarray:
    size = len(labels)
    return assign_splits(split, [None] * size, [(label,) for label in labels], groups or [None] * size, seed=seed)


def test_percentages_are_read():
    assert parse_split("60-20-20") == (0.6, 0.2, 0.2)
    assert parse_split("official") is None
    assert parse_split("0-0-100") == (0, 0, 1)


@pytest.mark.parametrize("text", ["60-20-30", "0-50-60", "80-20", "train", "60/20/20", "-60-20-20", "60-20-20-0"])
def test_other_splits_are_refused(text):
    with pytest.raises(InputError, match="percentages"):
        parse_split(text)


@given(st.lists(st.integers(0, 4), max_size=150), st.sampled_from(["60-20-20", "80-10-10", "25-50-25", "80-20-0"]))
def test_sizes_are_exact_and_classes_even(labels, split):
    result = divide(split, labels)
    fractions = np.array(parse_split(split))
    assert np.abs(np.array(counts(result)) - len(labels) * fractions).max(initial=0) < 1
    for label, count in Counter(labels).items():
        of_class = counts(result[np.array(labels) == label])
        assert np.abs(np.array(of_class) - count * fractions).max() < 2.5


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), max_size=80), st.integers(0, 3))
def test_groups_stay_whole(samples, seed):
    groups = [f"group {group}" if group else None for _, group in samples]
    result = divide("60-20-20", [label for label, _ in samples], groups, seed)
    for group in {group for group in groups if group}:
        assert len(set(result[[each == group for each in groups]].tolist())) == 1


def test_groups_of_equal_size_fill_the_splits_exactly_and_evenly():
    groups = [f"animal {index // 10}" for index in range(200)]
    labels = [index // 100 for index in range(200)]
    result = divide("60-20-20", labels, groups)
    assert counts(result) == [120, 40, 40]
    assert counts(result[:100]) == counts(result[100:]) == [60, 20, 20]


def test_it_is_as_even_as_scikit_learn():
    labels = np.random.default_rng(0).choice(4, 217, p=[0.5, 0.3, 0.15, 0.05]).tolist()
    ours = divide("80-20-0", labels)
    theirs, _ = train_test_split(labels, train_size=counts(ours)[TRAIN], stratify=labels, random_state=0)
    in_train = Counter(np.array(labels)[ours == TRAIN].tolist())
    assert max(abs(in_train[label] - count) for label, count in Counter(theirs).items()) <= 1


def test_the_seed_decides():
    labels = [index % 3 for index in range(60)]
    same, again, other = (divide("60-20-20", labels, seed=seed) for seed in (1, 1, 2))
    assert (same == again).all()
    assert (same != other).any()


def test_official_trainval_is_divided_and_test_is_kept():
    official = ["trainval"] * 300 + ["test"] * 100
    labels = [(row % 3, row % 3 // 2) for row in range(400)]
    result = assign_splits("official", official, labels, [None] * 400)
    assert counts(result) == [270, 30, 100]
    assert (result[300:] == TEST).all()
    assert sorted(Counter(labels[row] for row in np.flatnonzero(result == VAL)).values()) == [10, 10, 10]


def test_three_official_splits_are_kept():
    official = ["val", "train", "test", "train"]
    result = assign_splits("official", official, [()] * 4, [None] * 4, val_fraction=0.5)
    assert [SPLITS[split] for split in result] == official


def test_val_is_taken_from_train_where_the_source_has_none():
    result = assign_splits("official", ["train"] * 20 + ["test"] * 5, [()] * 25, [None] * 25, val_fraction=0.2)
    assert counts(result) == [16, 4, 5]


def test_no_val_if_none_is_wanted():
    assert counts(assign_splits("official", ["trainval"] * 20, [()] * 20, [None] * 20, val_fraction=0)) == [20, 0, 0]


def test_a_source_without_official_split_needs_percentages():
    with pytest.raises(InputError, match="no official split"):
        assign_splits("official", ["train", None], [(), ()], [None, None])


@pytest.mark.parametrize("fraction", [-0.1, 1.0])
def test_val_fraction_out_of_range_is_refused(fraction):
    with pytest.raises(InputError, match="val_fraction"):
        assign_splits("official", ["train"], [()], [None], val_fraction=fraction)


def masks_of(size: int, shares: Sequence[float], seed: int) -> list[tuple[int, ...]]:
    """Every class is in its share of the samples, independently; class 0 is in all."""
    held = np.random.default_rng(seed).random((size, len(shares))) < shares
    return [(0, *(np.flatnonzero(row) + 1).tolist()) for row in held]


@given(st.integers(0, 50), st.sampled_from(["60-20-20", "80-10-10"]))
def test_mask_classes_are_even_and_sizes_exact(seed, split):
    masks = masks_of(200, [0.5, 0.2, 0.05, 0.02], seed)
    labels = [(row % 2,) for row in range(200)]
    result = assign_splits(split, [None] * 200, labels, [None] * 200, masks, seed=seed)
    fractions = np.array(parse_split(split))
    assert counts(result) == (200 * fractions).round().astype(int).tolist()
    for number in range(1, 5):
        of_class = result[[number in mask for mask in masks]]
        assert np.abs(np.array(counts(of_class)) - len(of_class) * fractions).max(initial=0) < 2
    for label in (0, 1):
        assert np.abs(np.array(counts(result[label::2])) - 100 * fractions).max() < 5


def test_a_class_in_five_masks_is_in_every_split():
    masks = [(0, 2) if 7 <= row < 12 else (0, 1) for row in range(60)]
    for seed in range(20):
        result = assign_splits("60-20-20", [None] * 60, [()] * 60, [None] * 60, masks, seed=seed)
        assert counts(result[7:12]) == [3, 1, 1]


def test_mask_classes_that_all_samples_hold_change_nothing():
    labels = [(row % 3,) for row in range(50)]
    without = assign_splits("60-20-20", [None] * 50, labels, [None] * 50)
    for masks in ([(0, 1, 2)] * 50, [()] * 50):
        assert (assign_splits("60-20-20", [None] * 50, labels, [None] * 50, masks) == without).all()


def test_groups_stay_whole_beside_mask_classes():
    masks = masks_of(90, [0.5, 0.1], 3)
    groups = [f"animal {row // 3}" if row < 60 else None for row in range(90)]
    result = assign_splits("60-20-20", [None] * 90, [()] * 90, groups, masks)
    assert all(len(set(result[start : start + 3].tolist())) == 1 for start in range(0, 60, 3))
    assert counts(result) == [54, 18, 18]
