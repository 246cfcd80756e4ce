"""A store that is converted holds the same, in today's layout."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from auxseg.data.preparing.convert import convert
from auxseg.data.preparing.join import join
from auxseg.data.preparing.prepare import prepare
from auxseg.data.store.store import Store
from auxseg.data.synthesize import synthesize
from auxseg.errors import InputError, RunError
from tests.data.old_stores import write_new, write_old
from tests.data.pictures import drawn_source, hashes, open_hdf5


@pytest.fixture(scope="module")
def new(tmp_path_factory) -> Path:
    return write_new(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def old(new) -> Path:
    return write_old(new, new.with_name("old.h5"))


OF_THE_FILE = {"path", "_places", "_is_checked", "_files", "layers", "originals"}


def same(mine: Store, theirs: Store) -> None:
    for each in fields(Store):
        if each.name not in OF_THE_FILE:
            np.testing.assert_equal(getattr(theirs, each.name), getattr(mine, each.name), each.name)
    for row in range(len(mine)):
        np.testing.assert_equal(theirs.read(row), mine.read(row))
        np.testing.assert_equal(theirs.read_layers(row), mine.read_layers(row))


def test_an_old_store_becomes_one_of_today(old, new, tmp_path):
    converted = convert(old, tmp_path / "converted.h5")
    same(Store.open(old), Store.open(converted.path))
    with open_hdf5(new) as theirs, open_hdf5(converted.path) as mine:
        assert sorted(mine) == sorted(theirs)
        assert float(mine.attrs["schema_version"]) == float(theirs.attrs["schema_version"])


def test_layers_and_original_masks_are_kept(tmp_path):
    rooms = synthesize(tmp_path / "rooms.h5", kind="rooms", num_samples=3, size=32).path
    same(Store.open(rooms), Store.open(convert(rooms, tmp_path / "again.h5").path))
    whole = prepare(drawn_source(4), tmp_path / "whole.h5", size=16, original_masks=True).path
    mine, theirs = Store.open(whole), Store.open(convert(whole, tmp_path / "whole again.h5").path)
    same(mine, theirs)
    for row in range(len(mine)):
        np.testing.assert_equal(theirs.read_original_mask(row), mine.read_original_mask(row))


def test_no_file_of_a_store_is_written_over(new, tmp_path):
    many = convert(new, tmp_path / "many", shard_size=2).path
    one = convert(new, tmp_path / "one.h5").path
    before = hashes(tmp_path)
    for old, out, shard_size in (
        (many, many / "shard-0000.h5", None),
        (many / "shard-0000.h5", many, 1),
        (one, many / "shard-0001.h5", None),
        (one, many / "more.h5", None),
    ):
        with pytest.raises(InputError, match=r"one of its files, or holds it|is a store of several files"):
            convert(old, out, shard_size=shard_size, overwrite=True)
    with pytest.raises(InputError, match="or holds one; choose another name"):
        join([many / "shard-0000.h5", one], many, overwrite=True)
    assert hashes(tmp_path) == before


def test_what_was_changed_after_it_was_hashed_is_refused(new, tmp_path):
    changed = tmp_path / "changed.h5"
    changed.write_bytes(new.read_bytes())
    with open_hdf5(changed, "a") as file:
        file["box"][0] = (0.1, 0.1, 0.2, 0.2)
    with pytest.raises(RunError, match="is damaged: it does not hold what its content hash covers"):
        convert(changed, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_onto_itself_and_onto_what_exists(new, old, tmp_path):
    with pytest.raises(InputError, match="is the store itself"):
        convert(new, new, overwrite=True)
    with pytest.raises(InputError, match="already exists; --overwrite replaces it"):
        convert(old, new)
