"""Copies across splits are found, and nothing else is called one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from auxseg.data.preparing import duplicates
from auxseg.data.preparing.duplicates import MAX_DISTANCE, close_hashes, same_pictures, similar_pictures
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import Sample
from auxseg.data.store.store import Store
from tests.data.pictures import DrawnSource
from tests.data.preparing.test_record import photograph, recompressed


def sample(id: str, picture: Image.Image) -> Sample:
    return Sample(id, np.array(picture))


def stored(tmp_path: Path, samples: list[Sample], splits: list[str]) -> Store:
    return Store.open(prepare(DrawnSource(samples, splits), tmp_path / "out.h5", size=64, val_fraction=0).path)


def test_equal_pictures_in_two_splits_are_found(tmp_path):
    samples = [sample(f"photo {index}", photograph(index)) for index in range(5)]
    samples += [replace(samples[1], id="copy"), replace(samples[2], id="same split"), replace(samples[1], id="third")]
    store = stored(tmp_path, samples, [*["train"] * 5, "test", "train", "val"])
    assert same_pictures(store) == [(1, 5, 7)]
    assert similar_pictures(store) == ([], [])


def test_nearly_equal_pictures_in_two_splits_are_found(tmp_path):
    samples = [sample(f"photo {index}", photograph(index)) for index in range(12)]
    samples.append(sample("smaller", photograph(3).resize((100, 80))))
    samples.append(sample("recompressed", recompressed(photograph(4))))
    samples.append(sample("same split", recompressed(photograph(5))))
    store = stored(tmp_path, samples, [*["train"] * 12, "test", "val", "train"])
    assert same_pictures(store) == []
    pairs, unfinished = similar_pictures(store)
    assert sorted(pairs) == [(3, 12), (4, 13)]
    assert unfinished == []


def test_an_equal_hash_alone_is_no_copy(tmp_path):
    # Both rise from left to right in every row, but at different places.
    early, late = (np.zeros((64, 64, 3), np.uint8) for _ in range(2))
    early[:, 4:] = 200
    late[:, 60:] = 200
    ramp = np.arange(64, dtype=np.uint8)[None, :, None] // 2
    samples = [Sample("early", early + ramp), Sample("late", late + ramp)]
    store = stored(tmp_path, samples, ["train", "test"])
    assert (store.perceptual_hashes[0] ^ store.perceptual_hashes[1]).item().bit_count() <= MAX_DISTANCE
    assert similar_pictures(store) == ([], [])


def test_flat_pictures_are_compared_by_brightness(tmp_path):
    greys = [Sample(f"grey {level}", np.full((30, 30, 3), level, np.uint8)) for level in (50, 51, 200)]
    store = stored(tmp_path, greys, ["train", "test", "test"])
    assert similar_pictures(store) == ([(0, 1)], [])


def test_too_many_candidates_in_two_splits_do_not_hide_those_in_others(tmp_path, monkeypatch):
    monkeypatch.setattr(duplicates, "MAX_CANDIDATES", 2)
    greys = [Sample(f"grey {level}", np.full((30, 30, 3), level, np.uint8)) for level in (10, 60, 110, 160, 210, 211)]
    store = stored(tmp_path, greys, ["train", "train", "val", "val", "train", "test"])
    pairs, unfinished = similar_pictures(store)
    assert unfinished == [("train", "val"), ("train", "test")]
    assert pairs == []
    monkeypatch.setattr(duplicates, "MAX_CANDIDATES", 3)
    assert similar_pictures(store) == ([(4, 5)], [("train", "val")])


def test_hashes_are_compared_as_bit_by_bit():
    random = np.random.default_rng(0)
    left = random.integers(0, 2**64, 50, dtype=np.uint64)
    right = left[random.integers(0, 50, 70)] ^ (np.uint64(1) << random.integers(0, 64, 70).astype(np.uint64))
    expected = [
        (row, column)
        for row, one in enumerate(left.tolist())
        for column, other in enumerate(right.tolist())
        if (one ^ other).bit_count() <= MAX_DISTANCE
    ]
    assert list(close_hashes(left, right)) == expected
    assert len(expected) == 70
    assert list(close_hashes(left, right[:0])) == []
