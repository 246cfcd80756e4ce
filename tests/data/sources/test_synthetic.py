"""The generated set: the same bytes whenever they are made, labels true to the shapes, colour no short cut."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from auxseg.data.sample import Sample
from auxseg.data.sources.synthetic import Layers, SyntheticSource, render
from auxseg.data.sources.synthetic.breeds import BREEDS
from auxseg.data.sources.synthetic.portrait import Head
from auxseg.data.sources.synthetic.shapes import Window
from auxseg.errors import InputError
from auxseg.testing import check_source

SIZE = 64


def read(source: SyntheticSource, indices: range) -> list[Sample]:
    """The samples of some indices."""
    items = source.items()
    return [source.read(items[index]) for index in indices]


@pytest.fixture(scope="module")
def scenes() -> list[Layers]:
    """Enough samples at a small size to speak of the whole set."""
    return [render(BREEDS[index % len(BREEDS)], 0, index, SIZE) for index in range(56)]


def test_it_keeps_the_contract_of_a_source() -> None:
    check_source(SyntheticSource(6, size=48, seed=3))


def test_any_order_and_any_process_give_the_same_bytes() -> None:
    """A sample depends on nothing but seed and index."""
    source = SyntheticSource(6, size=48, seed=3)
    twin = pickle.loads(pickle.dumps(source))
    forwards = [source.read(item) for item in source.items()]
    backwards = [twin.read(item) for item in reversed(twin.items())][::-1]
    for one, other in zip(forwards, backwards, strict=True):
        assert one.image.tobytes() == other.image.tobytes()
        assert one.mask is not None
        assert other.mask is not None
        assert one.mask.tobytes() == other.mask.tobytes()
        assert (one.id, one.boxes, one.classes) == (other.id, other.boxes, other.classes)


def test_a_larger_set_begins_with_the_smaller_one() -> None:
    """Ids, splits and pictures do not depend on how many samples there are."""
    few, many = SyntheticSource(13, size=32), SyntheticSource(40, size=32)
    assert list(many.items())[:13] == list(few.items())
    assert (few.read(few.items()[12]).image == many.read(many.items()[12]).image).all()


def test_seeds_and_indices_give_different_pictures() -> None:
    """No two samples are alike, within a set or between sets."""
    pictures = [sample.image.tobytes() for seed in (0, 1) for sample in read(SyntheticSource(4, 32, seed), range(4))]
    assert len(set(pictures)) == len(pictures)


def test_masks_are_binary_and_never_empty(scenes: list[Layers]) -> None:
    """Something of the animal is always in sight, and something of its surroundings."""
    for layers in scenes:
        assert (layers.image.shape, layers.mask.shape) == ((SIZE, SIZE, 3), (SIZE, SIZE))
        assert set(np.unique(layers.mask)) == {0, 1}
        assert 0.01 < layers.mask.mean() < 0.8


def test_splits_are_70_10_20_and_breeds_balanced_in_each() -> None:
    """Every split holds every breed equally often."""
    source = SyntheticSource(800, size=32)
    splits = [item.split for item in source.items()]
    assert Counter(splits) == {"train": 560, "val": 80, "test": 160}
    breeds = [source.breed(index) for index in range(800)]
    for split, share in (("train", 70), ("val", 10), ("test", 20)):
        counts = Counter(breed.name for breed, its in zip(breeds, splits, strict=True) if its == split)
        assert counts == {breed.name: share for breed in BREEDS}
    assert Counter(breed.species for breed in breeds) == {"cat": 400, "dog": 400}


def test_the_head_box_bounds_the_heads_silhouette(scenes: list[Layers]) -> None:
    """Drawn on the whole plane and cut to the image; missing exactly when most of the head is outside."""
    for layers in scenes:
        rows, columns = np.nonzero(layers.head.silhouette)
        rows, columns = rows + layers.head.window.y0, columns + layers.head.window.x0
        inside = (rows >= 0) & (rows < SIZE) & (columns >= 0) & (columns < SIZE)
        assert (layers.head_box is None) == (inside.mean() < 0.5)
        assert (layers.animal[rows[inside], columns[inside]] >= 0.5).all()
        if layers.head_box is not None:
            corners = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            assert layers.head_box == tuple(np.clip(corners, 0, SIZE))
    assert np.mean([layers.head_box is not None for layers in scenes]) > 0.8


def test_the_head_box_of_a_head_across_the_edge() -> None:
    """A silhouette that leaves the image keeps its box, clipped, while at least half of it is inside."""
    silhouette = np.zeros((6, 8), bool)
    silhouette[1:5, 2:6] = True
    assert Head(Window(-4, 3, 4, 9), silhouette).box(16) == (0, 4, 2, 8)
    assert Head(Window(-5, 3, 3, 9), silhouette).box(16) is None
    assert Head(Window(3, 12, 11, 18), silhouette).box(16) == (5, 13, 9, 16)


def test_samples_carry_the_scene_and_its_labels() -> None:
    """A sample of the source is the rendered scene of its index, box and class names included."""
    source = SyntheticSource(8, size=48, seed=1)
    for index, item in enumerate(source.items()):
        sample, layers = source.read(item), render(source.breed(index), 1, index, 48)
        assert sample.image.tobytes() == layers.image.tobytes()
        assert sample.classes == {"species": source.breed(index).species, "breed": source.breed(index).name}
        corners = [(box.x0, box.y0, box.x1, box.y1, box.name) for box in sample.boxes]
        assert corners == ([] if layers.head_box is None else [(*layers.head_box, "head")])


def test_hidden_pixels_are_background(scenes: list[Layers]) -> None:
    """The mask is the animal's shape without what stands in front, and things do stand in front."""
    hidden = []
    for layers in scenes:
        assert not (layers.mask.astype(bool) & (layers.animal < 0.5)).any()
        hidden.append(1 - layers.mask.sum() / (layers.animal >= 0.5).sum())
    assert max(hidden) < 0.7
    assert np.mean(np.array(hidden) > 0.02) > 0.3


@pytest.mark.parametrize("size", [64, 256])
def test_another_size_shows_the_same_scene(size: int) -> None:
    """Masks, boxes and colours agree with those at 128 pixels."""
    for index in range(4):
        middle, other = (render(BREEDS[index % 8], 2, index, pixels) for pixels in (128, size))
        small, large = sorted((middle, other), key=lambda layers: len(layers.mask))
        blocks = len(small.mask), 2, len(small.mask), 2
        shrunk = large.mask.reshape(blocks).mean(axis=(1, 3)) >= 0.5
        assert (shrunk & (small.mask == 1)).sum() / (shrunk | (small.mask == 1)).sum() > 0.85
        colours = large.image.reshape(*blocks, 3).astype(float).mean(axis=(1, 3))
        assert np.abs(colours - small.image).mean() < 18
        if middle.head_box is not None and other.head_box is not None:
            assert np.allclose(np.array(middle.head_box) / 128, np.array(other.head_box) / size, atol=0.04)


def test_colour_alone_does_not_give_the_mask_away(scenes: list[Layers]) -> None:
    """A strong classifier of single pixels' colours stays far from the shapes."""
    colours = np.stack([layers.image for layers in scenes])
    masks = np.stack([layers.mask for layers in scenes])
    classifier = HistGradientBoostingClassifier(max_iter=40, class_weight="balanced", random_state=0)
    classifier.fit(colours[:40, ::2, ::2].reshape(-1, 3), masks[:40, ::2, ::2].ravel())
    found = classifier.predict(colours[40:].reshape(-1, 3)).reshape(masks[40:].shape) == 1
    truth = masks[40:] == 1
    assert (found & truth).sum() / (found | truth).sum() < 0.5


@pytest.mark.parametrize(("arguments", "message"), [((0,), "samples"), ((5, 16), "32 pixels"), ((5, 64, -1), "seed")])
def test_settings_that_cannot_work_are_refused(arguments: tuple[int, ...], message: str) -> None:
    """One sentence that names the setting."""
    with pytest.raises(InputError, match=message):
        SyntheticSource(*arguments)


def test_provenance_makes_the_set_again() -> None:
    """Every setting is in it."""
    facts = SyntheticSource(7, 48, 9).provenance()
    assert (facts["samples"], facts["size"], facts["seed"]) == ("7", "48", "9")
