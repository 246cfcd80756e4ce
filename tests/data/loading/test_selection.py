"""What a training may use: the splits that were asked for, and a nested share of their masks."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from auxseg.data.loading.selection import labelled_rows, training_rows
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import SPLITS
from auxseg.data.store.store import Store
from tests.data.pictures import DrawnSource, draw_sample

FRACTIONS = (0.01, 0.05, 0.1, 0.3, 0.5, 0.99, 1.0)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """Sixty samples, a third of each for train, val and test; every fourth has no mask."""
    samples = [replace(draw_sample(index), mask=None) if index % 4 == 0 else draw_sample(index) for index in range(60)]
    source = DrawnSource(samples, [SPLITS[index % 3] for index in range(60)])
    return Store.open(prepare(source, tmp_path_factory.mktemp("store") / "drawn.h5", size=16).path)


def test_fault_09_training_reads_the_splits_that_were_asked_for(store):
    assert training_rows(store, "train").tolist() == list(range(0, 60, 3))
    both = training_rows(store, "train+val")
    assert both.tolist() == [row for row in range(60) if row % 3 < 2]
    assert not set(both) & set(store.rows("test"))


def test_fewer_masks_are_part_of_more(store):
    rows = training_rows(store, "train")
    kept = [labelled_rows(store, rows, fraction) for fraction in FRACTIONS]
    assert [len(some) for some in kept] == [1, 1, 2, 4, 8, 15, 15]
    for few, more in itertools.pairwise(kept):
        assert set(few) <= set(more)
    assert kept[-1].tolist() == [row for row in rows if row % 4]


def test_a_share_of_masks_spreads_over_the_rows(store):
    half = labelled_rows(store, np.arange(60), 0.5)
    assert 5 < (half < 30).sum() < 17


def test_the_share_is_fixed_by_the_ids(store):
    # A study compares runs on the same masks, also later: these never change.
    assert store.ids[labelled_rows(store, training_rows(store, "train"), 0.2)].tolist() == [
        "drawn 6",
        "drawn 33",
        "drawn 57",
    ]


def test_without_masks_none_is_used(store):
    assert len(labelled_rows(store, np.arange(0, 60, 4), 1.0)) == 0
