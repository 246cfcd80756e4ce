"""Generated street scenes: the same every time, with every class, of which three are rare."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tools.street import CLASSES, RARE, StreetSource

NUM_SCENES = 300


@pytest.fixture(scope="module")
def shares() -> dict[str, float]:
    source = StreetSource(NUM_SCENES)
    pixels = np.zeros(len(CLASSES), np.int64)
    for item in source.items():
        mask = source.read(item).mask
        assert mask is not None
        pixels += np.bincount(mask.ravel(), minlength=len(CLASSES))
    return dict(zip(CLASSES, (pixels / pixels.sum()).tolist(), strict=True))


def test_rare_classes_have_under_half_a_percent_and_the_others_more(shares: dict[str, float]) -> None:
    assert {name for name, share in shares.items() if 0 < share < 0.005} == set(RARE)
    assert min(share for name, share in shares.items() if name not in RARE) > 0.01


def test_a_scene_is_the_same_whatever_was_read_before() -> None:
    source = StreetSource(10, size=32)
    items = source.items()
    alone = source.read(items[7])
    scenes = [source.read(item) for item in items]
    assert np.array_equal(StreetSource(10, size=32).read(items[7]).image, alone.image)
    assert not np.array_equal(scenes[6].image, alone.image)
    assert np.array_equal(scenes[7].image, alone.image)
    assert alone.image.shape == (32, 32, 3)


def test_splits_are_three_fifths_and_a_fifth_each() -> None:
    splits = [item.split for item in StreetSource(10).items()]
    assert splits == ["train"] * 6 + ["val"] * 2 + ["test"] * 2
