"""Layers of a store are what was prepared, at any size, and damage to them is found."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg.data.geometry import fit
from auxseg.data.layers import FixedForm
from auxseg.data.layers.instances import UNKNOWN
from auxseg.data.loading.loader import collate
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE
from auxseg.data.store.store import Store
from auxseg.errors import InputError, RunError
from tests.data.damage import mutations, opened_in_time
from tests.data.layered import FORMS, MAPS_AND_MASKS, LayeredSource, draw_layer
from tests.data.pictures import drawn_source, open_hdf5

SIZE = 16
MISSING = [(1, "depth"), *((2, name) for name in FORMS)]


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    source = LayeredSource(missing=MISSING)
    return prepare(source, tmp_path_factory.mktemp("store") / "layers.h5", size=SIZE, resize="letterbox").path


@pytest.fixture
def store(path) -> Store:
    return Store.open(path)


def test_the_index_says_what_there_is(store) -> None:
    assert {name: layer.form for name, layer in store.layers.items()} == FORMS == store.vocabulary.layers
    for name, layer in store.layers.items():
        assert layer.present.tolist() == [(row, name) not in MISSING for row in range(4)]


def test_values_are_those_of_the_source_fitted_into_the_square(store) -> None:
    for row in range(4):
        layers = store.read_layers(row)
        for name, form in FORMS.items():
            expected = form.blank(SIZE, SIZE)
            if (row, name) not in MISSING:
                expected = form.placed(draw_layer(name, row).values, fit((40, 50), SIZE, "letterbox"))
            assert layers[name].dtype == form.dtype
            np.testing.assert_array_equal(layers[name], expected)


def test_a_smaller_size_shrinks_layers_too(store) -> None:
    small = store.at_size(8)
    for row in range(4):
        for name, values in small.read_layers(row).items():
            form = FORMS[name]
            assert not isinstance(form, FixedForm) or values.shape == form.shape(8, 8)
            assert form.fault(values, (8, 8)) == ""
            assert form.known(values).any() == bool(store.layers[name].present[row])
    y0, y1, x0, x1 = store.inside(0)
    whole = store.read_layers(0)["depth"][y0:y1, x0:x1]
    shrunk = small.read_layers(0)["depth"]
    assert np.nanmean(shrunk) == pytest.approx(np.nanmean(whole), rel=0.05)


def test_only_layers_that_are_asked_for_are_read(store) -> None:
    some = store.with_layers(["parts", "unheard of"])
    assert some.read_layers(0).keys() == {"parts"}
    assert store.with_layers([]).read_layers(0) == {}
    assert pickle.loads(pickle.dumps(some)).read_layers(0)["parts"].shape == (SIZE, SIZE)


def test_a_batch_holds_them_as_tensors(store) -> None:
    batch = collate(store, np.array([0, 2]))
    assert {name: tuple(values.shape) for name, values in batch.layers.items()} == {
        "depth": (2, 1, SIZE, SIZE),
        "normals": (2, 3, SIZE, SIZE),
        "parts": (2, SIZE, SIZE),
        "organs": (2, 9, SIZE, SIZE),
        "weather": (2, 3),
        "things": (2, len(store.read_layers(0)["things"]), 6),
        "joints": (2, 3, 3),
        "cells": (2, SIZE, SIZE),
    }
    np.testing.assert_array_equal(batch.layers["normals"][0].permute(1, 2, 0), store.read_layers(0)["normals"])
    assert batch.layers["depth"][1].isnan().all()
    assert (batch.layers["parts"][1] == IGNORE).all()
    assert (batch.layers["organs"][1] == IGNORE).all()
    assert (batch.layers["weather"][1] == IGNORE).all()
    assert batch.layers["things"][1].isnan().all()
    assert batch.layers["joints"][1].isnan().all()
    assert (batch.layers["cells"][1] == UNKNOWN).all()
    assert batch.forms == FORMS
    assert batch.first(1).layers["depth"].shape[0] == 1


def test_the_version_is_the_oldest_that_has_room_for_the_layers(path, tmp_path, monkeypatch) -> None:
    without = prepare(drawn_source(2), tmp_path / "without.h5", size=SIZE).path
    monkeypatch.setattr(LayeredSource, "layers", MAPS_AND_MASKS)
    others = [(row, name) for row in range(4) for name in FORMS if name not in MAPS_AND_MASKS]
    some = prepare(LayeredSource(missing=others), tmp_path / "some.h5", size=SIZE).path
    versions = []
    for each in (without, some, path):
        with open_hdf5(each) as file:
            versions.append(file.attrs["schema_version"])
            assert ("layers" in file) == ("layers" in json.loads(bytes(file["header"][:])))
    assert versions == [1.1, 2, 2.1]


def test_hashes_cover_layers_one_by_one(path, store, tmp_path) -> None:
    """A layer that a sample lacks changes its own hash and that of the content, but not that of the other layers."""
    other = Store.open(
        prepare(LayeredSource(missing=MISSING[1:]), tmp_path / "a.h5", size=SIZE, resize="letterbox").path
    )
    again = Store.open(prepare(LayeredSource(missing=MISSING), tmp_path / "b.h5", size=SIZE, resize="letterbox").path)
    assert again.content_hash == store.content_hash != other.content_hash
    hashes = [{name: layer.content_hash for name, layer in each.layers.items()} for each in (store, again, other)]
    assert hashes[0] == hashes[1]
    assert [name for name in FORMS if hashes[0][name] != hashes[2][name]] == ["depth"]
    assert other.image_hashes.tolist() == store.image_hashes.tolist()


def _spoilt(path: Path, tmp_path: Path, change: Callable[[Any], None]) -> Path:
    spoilt = tmp_path / "spoilt.h5"
    spoilt.write_bytes(path.read_bytes())
    with open_hdf5(spoilt, "a") as file:
        change(file)
    return spoilt


def _in_header(**changes: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        header = json.loads(bytes(file["header"][:]))
        header["layers"]["depth"] |= changes
        del file["header"]
        file["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)

    return change


def _without(name: str) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file[name]

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_without("layers/depth/values"), "/layers/depth/values is missing"),
        (_without("layers/depth/present"), "/layers/depth/present is missing"),
        (_in_header(channels=2), r"/layers/depth/values has shape \(4, 16, 16, 1\), not \(4, 16, 16, 2\)"),
        (_in_header(channels=9), "the layer 'depth': a map has 1 to 4 channels, not 9"),
        (_in_header(kind="map2"), "the layer 'depth': is none of map"),
        (_in_header(hash="x"), "the hash of the layer 'depth' is not a SHA-256 sum"),
        (lambda file: file["layers/depth/present"].__setitem__(1, True), "some samples of /layers/depth/values are"),
        (lambda file: file.attrs.__setitem__("schema_version", 1.1), "schema version 1.1 does not know"),
    ],
)
def test_a_damaged_layer_is_refused_when_the_store_is_opened(path, tmp_path, change, reason) -> None:
    with pytest.raises(InputError, match=reason):
        Store.open(_spoilt(path, tmp_path, change))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("depth", np.inf, "the layer 'depth' of drawn 0 holds infinity"),
        ("depth", -1, "the layer 'depth' of drawn 0 holds -1 m"),
        ("normals", 7, "the layer 'normals' of drawn 0 holds a vector of length 12.1"),
        ("parts", 3, "the layer 'parts' of drawn 0 holds class 3"),
        ("organs", 255, "the layer 'organs' of drawn 0 holds more than its 9 classes"),
    ],
)
def test_values_that_make_no_sense_are_refused_when_they_are_read(path, tmp_path, name, value, reason) -> None:
    spoilt = Store.open(
        _spoilt(path, tmp_path, lambda file: file[f"layers/{name}/values"].__setitem__((0, 8, 8), value))
    )
    spoilt.read_layers(1)
    with pytest.raises(RunError, match=f"spoilt.h5 is damaged: {reason}.*; prepare it again$"):
        spoilt.read_layers(0)


def test_a_part_that_is_right_does_not_stand_for_the_whole(path, tmp_path) -> None:
    spoilt = Store.open(
        _spoilt(path, tmp_path, lambda file: file["layers/depth/values"].__setitem__((0, 8, 8), np.inf))
    )
    spoilt.read_layers(0, (slice(0, 8), slice(None)))
    with pytest.raises(RunError, match="the layer 'depth' of drawn 0 holds infinity"):
        spoilt.read_layers(0)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_no_damage_keeps_a_reader_or_surprises_it(path, tmp_path) -> None:
    changed = [*mutations(path.read_bytes(), 60, 2)]
    assert 0 < opened_in_time(changed, tmp_path / "changed.h5") < len(changed)
