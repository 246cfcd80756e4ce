"""Pixels of classes: those of what a loader shows, counted class by class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.loading.pixels import count_pixels
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE
from auxseg.data.store.store import Store
from tests.data.pictures import DrawnSource, draw_sample


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Twelve samples, every fourth without a mask, with ignored pixels in the others."""
    samples = [draw_sample(index) for index in range(12)]
    for index, sample in enumerate(samples):
        assert sample.mask is not None
        mask = sample.mask.copy()
        mask[:index] = IGNORE
        samples[index] = replace(sample, mask=mask if index % 4 else None)
    path: Path = tmp_path_factory.mktemp("store") / "drawn.h5"
    return Store.open(prepare(DrawnSource(samples, ["train"] * 12), path, size=16).path)


@pytest.mark.parametrize("size", [16, 8])
def test_they_are_those_of_what_a_loader_shows(store: Store, size: int) -> None:
    shown = store.at_size(size)
    rows = np.array([1, 4, 5, 7, 11])
    (batch,) = EvaluationLoader(shown, rows, 5)
    expected = [int((batch.mask == index).sum()) for index in range(len(store.vocabulary.mask_classes))]
    assert count_pixels(shown, rows).tolist() == expected
    assert 0 < sum(expected) < batch.mask.numel()


def test_rows_without_masks_have_none(store: Store) -> None:
    assert not count_pixels(store, np.array([0, 4, 8])).any()
    assert not count_pixels(store, np.array([], np.int64)).any()
