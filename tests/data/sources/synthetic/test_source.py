"""The generated set: the same bytes whenever and wherever they are made, balanced in every split."""

from __future__ import annotations

import pickle
from collections import Counter

import pytest

from auxseg.data.sample import Sample
from auxseg.data.sources.generated import SMALLEST
from auxseg.data.sources.source import Item
from auxseg.data.sources.synthetic import SyntheticSource, render
from auxseg.data.sources.synthetic.breeds import BREEDS
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.testing import check_source


def read(source: SyntheticSource, indices: range) -> list[Sample]:
    """The samples of some indices."""
    items = source.items()
    return [source.read(items[index]) for index in indices]


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


def test_samples_carry_the_scene_and_its_labels() -> None:
    """A sample of the source is the rendered scene of its index, box and class names included."""
    source = SyntheticSource(8, size=48, seed=1)
    for index, item in enumerate(source.items()):
        sample, layers = source.read(item), render(source.breed(index), 1, index, Size.of(48))
        assert sample.image.tobytes() == layers.image.tobytes()
        assert sample.classes == {"species": source.breed(index).species, "breed": source.breed(index).name}
        corners = [(box.x0, box.y0, box.x1, box.y1, box.name) for box in sample.boxes]
        assert corners == ([] if layers.head_box is None else [(*layers.head_box, "head")])


@pytest.mark.parametrize(("arguments", "message"), [((0,), "samples"), ((5, 16), "32 pixels"), ((5, 64, -1), "seed")])
def test_settings_that_cannot_work_are_refused(arguments: tuple[int, ...], message: str) -> None:
    """One sentence that names the setting."""
    with pytest.raises(InputError, match=message):
        SyntheticSource(*arguments)


def test_provenance_makes_the_set_again() -> None:
    """Every setting is in it."""
    facts = SyntheticSource(7, 48, 9).provenance()
    assert (facts["samples"], facts["size"], facts["seed"]) == ("7", "48", "9")


def test_the_smallest_settings_work() -> None:
    source = SyntheticSource(1, SMALLEST, 0)
    assert source.items() == [Item("synthetic-000000", "train")]
    assert source.read(source.items()[0]).image.shape == (SMALLEST, SMALLEST, 3)


def test_ids_sort_as_they_are_numbered() -> None:
    ids = [item.id for item in SyntheticSource(1200, 32).items()]
    assert sorted(ids) == ids
    assert len(set(ids)) == 1200


def test_masks_have_a_background_and_boxes_are_not_taken_from_them() -> None:
    """The box is that of the head, the mask that of the whole animal."""
    source = SyntheticSource(1, 32)
    assert source.mask_classes == ("background", "animal")
    assert source.has_background
    assert not source.box_from_mask


def test_provenance_tells_generators_apart() -> None:
    assert SyntheticSource().provenance() == {
        "name": "synthetic",
        "generator": "1",
        "samples": "1200",
        "size": "128",
        "seed": "0",
    }
