"""A store of several files is, for every reader, the store of one file; what does not fit together is refused."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg.data.loading.folds import in_fold
from auxseg.data.preparing.inspect import inspect
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import SPLITS
from auxseg.data.store import open_file
from auxseg.data.store.store import Store
from auxseg.errors import InputError, RunError
from tests.data.pictures import drawn_source, open_hdf5
from tests.data.store.shards.sharded import KINDS, assert_same_samples, write_both

OF_THE_FILES = {"path", "header", "_places", "_is_checked", "_files", "layers", "originals", "own", "provenance"}
MEND = "restore it, or prepare or join the data again"


@pytest.fixture(scope="module", params=KINDS)
def both(request, tmp_path_factory) -> tuple[Store, Store]:
    one, many = write_both(request.param, tmp_path_factory.mktemp("stores"))
    return Store.open(one), Store.open(many)


@pytest.fixture
def many(tmp_path) -> Path:
    return prepare(drawn_source(7), tmp_path / "many", size=16, shard_size=3).path


def undated(store: Store) -> dict[str, Any]:
    return {key: value for key, value in store.provenance.items() if key != "date"}


def test_it_is_the_store_of_one_file(both):
    one, many = both
    assert [file.name for file in many.files] == ["shard-0000.h5", "shard-0001.h5", "shard-0002.h5"]
    for each in fields(Store):
        if each.name not in OF_THE_FILES:
            np.testing.assert_equal(getattr(many, each.name), getattr(one, each.name), each.name)
    assert undated(many) == undated(one)
    assert (many.own is None) == (one.own is None)
    if one.own is not None and many.own is not None:
        np.testing.assert_array_equal(many.own.shapes, one.own.shapes)
    for name, layer in one.layers.items():
        np.testing.assert_array_equal(many.layers[name].present, layer.present)
        assert many.layers[name].form == layer.form
    for split in SPLITS:
        np.testing.assert_array_equal(many.rows(split), one.rows(split))
    assert_same_samples(one, many)


def test_every_view_is_that_of_one_file(both):
    one, many = both
    for size in (16, (8, 12)):
        assert_same_samples(one.at_size(size), many.at_size(size))
        np.testing.assert_array_equal(many.at_size(size).boxes, one.at_size(size).boxes)
    assert_same_samples(one.at_own_sizes(64), many.at_own_sizes(64))
    assert_same_samples(one.with_layers(["depth", "things"]), many.with_layers(["depth", "things"]))
    folds = [in_fold(store, "1/2", "train").split for store in both]
    np.testing.assert_array_equal(folds[1], folds[0])


def test_it_is_inspected_as_one_file(both):
    one, many = (replace(inspect(store), path="") for store in both)
    np.testing.assert_equal(many.to_json(), one.to_json())


def sums(store: Store) -> list[int]:
    return [int(image.sum()) * 1000 + int(mask.sum()) for image, mask in map(store.read, range(len(store)))]


def test_threads_read_the_same_from_few_open_files(many, monkeypatch):
    monkeypatch.setattr(open_file, "_MOST_OPEN", 1)
    expected = sums(Store.open(many))
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            fresh = Store.open(many)
            assert list(pool.map(sums, [fresh] * 8)) == [expected] * 8


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_fork_and_a_pickle_read_the_same(many):
    store = Store.open(many)
    expected = sums(store)
    assert sums(pickle.loads(pickle.dumps(store))) == expected
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        assert pool.map(sums, [store] * 4) == [expected] * 4


def test_opening_holds_no_files(tmp_path):
    many = prepare(drawn_source(50), tmp_path / "many", size=16, shard_size=1).path
    before = len(os.listdir("/proc/self/fd"))
    store = Store.open(many)
    assert len(store.files) == 50
    assert len(os.listdir("/proc/self/fd")) == before
    store.read(7)
    assert len(os.listdir("/proc/self/fd")) == before + 1


def spoilt_index(folder: Path, **changes: Any) -> None:
    path = folder / "shards.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_missing_shard_is_named(many):
    (many / "shard-0001.h5").unlink()
    with pytest.raises(InputError) as found:
        Store.open(many)
    assert str(found.value) == f"{many}: its shard shard-0001.h5 is missing; {MEND}"


def test_a_shard_of_another_content_is_named(many, tmp_path):
    other = prepare(drawn_source(3, group="other"), tmp_path / "other.h5", size=16).path
    shutil.copy(other, many / "shard-0001.h5")
    with pytest.raises(InputError, match=rf"shard-0001\.h5 holds other data than shards\.json says: .*; {MEND}$"):
        Store.open(many)


def test_a_shard_of_another_length_is_named(many):
    index = json.loads((many / "shards.json").read_text())
    index["shards"][2]["samples"] = 2
    spoilt_index(many, shards=index["shards"])
    with pytest.raises(InputError, match=r"shard-0002\.h5 holds .*: its number of samples is 1, expected 2; "):
        Store.open(many)


@pytest.mark.parametrize("size", [0, 500, 5000])
def test_a_truncated_shard_is_named(many, size):
    with (many / "shard-0002.h5").open("r+b") as file:
        file.truncate(size)
    with pytest.raises(InputError, match=r"shard-0002\.h5 is (not an HDF5 file, or is truncated|damaged).*; prepare "):
        Store.open(many)


def put_into_index(folder: Path, *stores: Path) -> None:
    """An index over copies of these stores, whatever they hold."""
    folder.mkdir()
    shards = []
    for number, path in enumerate(stores):
        shutil.copy(path, folder / f"{number}.h5")
        store = Store.open(path)
        shards.append({"file": f"{number}.h5", "samples": len(store), "content_hash": store.content_hash})
    index = {"format": 1, "content_hash": "0" * 64, "shards": shards, "provenance": {"source": "drawn"}}
    (folder / "shards.json").write_text(json.dumps(index))


def test_shards_of_another_form_are_named(tmp_path):
    one = prepare(drawn_source(5), tmp_path / "one.h5", size=16).path
    other = prepare(drawn_source(5), tmp_path / "other.h5", size=32).path
    put_into_index(tmp_path / "many", one, other)
    with pytest.raises(InputError) as found:
        Store.open(tmp_path / "many")
    assert str(found.value) == (
        f"{tmp_path / 'many'}: its shard 1.h5 has images of 32 px, but 0.h5 has images of 16 px; prepare or join data "
        "of equal form"
    )


def test_an_id_in_two_shards_is_named(tmp_path):
    one = prepare(drawn_source(5), tmp_path / "one.h5", size=16).path
    put_into_index(tmp_path / "many", one, one)
    with pytest.raises(InputError, match=r"many: the id 'drawn 0' stands twice, in 0\.h5 and in 1\.h5; ids are unique"):
        Store.open(tmp_path / "many")


def test_what_happens_to_a_shard_after_opening_is_named(many):
    store, late = Store.open(many), Store.open(many)
    store.read(4)
    with (many / "shard-0001.h5").open("r+b") as file:
        file.truncate(2000)
    store.read(0)
    with pytest.raises(RunError, match=r"many/shard-0001\.h5 ended within sample drawn 5"):
        store.read(5)
    with pytest.raises(RunError, match=r"shard-0001\.h5 was replaced after it was opened"):
        late.read(5)
    (many / "shard-0000.h5").unlink()
    with pytest.raises(RunError, match=r"shard-0000\.h5 can no longer be opened"):
        late.read(0)


def test_a_class_without_a_name_is_refused_when_it_is_read(many):
    with open_hdf5(many / "shard-0001.h5", "a") as file:
        file["mask"][1, 5, 5] = 37
    store = Store.open(many)
    store.read(3)
    with pytest.raises(RunError, match=r"many/shard-0001\.h5 is damaged: the mask of drawn 4 holds class 37, "):
        store.read(4)
