"""Stores of version 1 are read as they are, and damage to HDF5's heap of texts never keeps a reader for ever."""

from __future__ import annotations

import contextlib
import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.store.old_texts import CheckedFile, Collection
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from tests.data.damage import opened_in_time
from tests.data.old_stores import write_new, write_old
from tests.data.pictures import DrawnSource, draw_sample, open_hdf5


@pytest.fixture(scope="module")
def new(tmp_path_factory) -> Path:
    return write_new(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def old(new) -> Path:
    return write_old(new, new.with_name("old.h5"))


def test_an_old_store_says_the_same(new, old):
    mine, theirs = Store.open(new), Store.open(old)
    for each in fields(Store):
        if each.name not in ("path", "_places", "_is_checked", "_files"):
            np.testing.assert_equal(getattr(theirs, each.name), getattr(mine, each.name), each.name)
    for row in range(len(mine)):
        np.testing.assert_equal(theirs.read(row), mine.read(row))


def test_texts_that_are_longer_than_a_piece_of_the_heap(tmp_path):
    bad = [f"drawn {index}" for index in range(1, 500)]
    samples = [draw_sample(index) for index in range(500)]
    new = prepare(DrawnSource(samples, ["train"] * 500, bad), tmp_path / "new.h5", size=16).path
    old = write_old(new, tmp_path / "old.h5")
    assert Store.open(old).skipped == Store.open(new).skipped
    assert len(Store.open(old).skipped) == 499


def heap(content: bytes) -> range:
    start = content.index(b"GCOL\x01")
    return range(start, start + int.from_bytes(content[start + 8 : start + 16], "little"))


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_zeros_anywhere_in_the_heap_keep_nobody(old, tmp_path):
    content = old.read_bytes()
    places = [place for place in heap(content)[::64] if any(content[place : place + 64])]
    changed = [content[:place] + bytes(64) + content[place + 64 :] for place in places]
    assert opened_in_time(changed, tmp_path / "changed.h5") <= 1  # the free rest holds nothing that is needed


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_flipped_bit_in_the_heap_keeps_nobody(old, tmp_path):
    content = old.read_bytes()
    random = np.random.default_rng(0)
    changed = []
    for place in random.choice(np.flatnonzero(np.frombuffer(content, np.uint8)[heap(content)]), 40, replace=False):
        flipped = bytearray(content)
        flipped[heap(content)[place]] ^= 1 << int(random.integers(8))
        changed.append(bytes(flipped))
    assert opened_in_time(changed, tmp_path / "changed.h5") < 40


def test_a_walk_through_the_heap_ends_whatever_byte_is_changed(old, tmp_path):
    content = old.read_bytes()
    path = tmp_path / "changed.h5"
    path.write_bytes(content)
    places, num_good = heap(content), 0
    with path.open("r+b", buffering=0) as file:
        for place in places:
            for value in (0, 255):
                os.pwrite(file.fileno(), bytes([value]), place)
                with contextlib.suppress(ValueError):
                    Collection(CheckedFile(file.fileno()), places[0])
                    num_good += 1
            os.pwrite(file.fileno(), content[place : place + 1], place)
    assert num_good > len(places)


def test_a_piece_of_the_heap_that_goes_nowhere_is_refused(old):
    content = old.read_bytes()
    start = heap(content)[0]
    with old.open("rb") as file:
        good = Collection(CheckedFile(file.fileno()), start)
        assert len(good.places) > 10
        with pytest.raises(ValueError, match="not stored where they should be"):
            Collection(CheckedFile(file.fileno()), start + 8)


def test_a_reference_beyond_the_file_is_refused(old, tmp_path):
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(old.read_bytes())
    with open_hdf5(damaged) as file:
        place = file["id"].id.get_offset()
    content = bytearray(damaged.read_bytes())
    content[place + 4 : place + 12] = (2**40).to_bytes(8, "little")
    damaged.write_bytes(content)
    with pytest.raises(InputError, match="/id: a text is stored beyond the end of the file"):
        Store.open(damaged)
    content[place : place + 4] = (2**30).to_bytes(4, "little")
    damaged.write_bytes(content)
    with pytest.raises(InputError, match="/id: it holds a text of 1,073,741,824 bytes"):
        Store.open(damaged)
