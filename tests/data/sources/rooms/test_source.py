"""The generated rooms as a source and as a store."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.sources.rooms import RoomsSource
from auxseg.data.store.store import Store
from auxseg.data.synthesize import synthesize
from auxseg.errors import InputError
from auxseg.testing import check_source


def test_the_source_keeps_its_contract() -> None:
    check_source(RoomsSource(12, 32, 1), num_samples=3)


def test_every_split_meets_every_kind_of_room() -> None:
    source = RoomsSource(60)
    found = {(item.split, source.kind(index)) for index, item in enumerate(source.items())}
    assert len(found) == 9


def test_the_seed_decides() -> None:
    one, again, other = (RoomsSource(1, 32, seed) for seed in (0, 0, 1))
    images = [source.read(source.items()[0]).image for source in (one, again, other)]
    assert np.array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"num_samples": 0}, "the number of samples must be from 1 to 1,000,000, not 0"),
        ({"size": 16}, "the size must be at least 32 pixels, not 16"),
        ({"seed": -1}, "expected a seed of at least 0, not -1"),
    ],
)
def test_what_cannot_be_generated_is_refused(changes, reason) -> None:
    with pytest.raises(InputError, match=f"^rooms: {reason}$"):
        RoomsSource(**changes)


def test_a_store_of_rooms(tmp_path) -> None:
    store = Store.open(synthesize(tmp_path / "a.h5", kind="rooms", num_samples=2, size=32).path)
    assert store.provenance["source"] == "rooms"
    assert store.vocabulary.labels == {"room": ("bedroom", "living room")}
    assert {name: form.in_words() for name, form in store.vocabulary.layers.items()} == {
        "depth": "a map of numbers, 1 channel, in m",
        "normals": "a map of unit vectors, 3 channels",
    }
    source = RoomsSource(2, 32, 0)
    depth = source.read(source.items()[0]).layers["depth"].values
    np.testing.assert_array_equal(store.read_layers(0)["depth"], depth)
    with pytest.raises(InputError, match="kind should be one of animals, rooms, not 'caves'"):
        synthesize(tmp_path / "b.h5", kind="caves", num_samples=2)  # type: ignore[arg-type]
