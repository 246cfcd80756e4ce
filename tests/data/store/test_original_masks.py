"""Masks at the size of their photographs come back as they were, cost no more memory than they should, and damage to
them is found."""

from __future__ import annotations

import pickle
import re
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from auxseg.data.geometry import fit
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE, Sample
from auxseg.data.store.blocks import BLOCK
from auxseg.data.store.original_masks import pack, unpack
from auxseg.data.store.store import Store
from auxseg.errors import InputError, RunError
from tests.data.damage import in_time, mutations
from tests.data.layered import LayeredSource
from tests.data.pictures import DrawnSource, draw_sample, open_hdf5
from tests.data.store.spoiling import put

SIZE = 16
SIZES = [(40, 50), (300, 280), (17, 90), (40, 50), (300, 310)]
WITHOUT = 3


def masks() -> list[np.ndarray | None]:
    """One of them is missing, and those of noise take more than a block."""
    random = np.random.default_rng(0)
    drawn: list[np.ndarray | None] = [random.choice(np.array([*range(250), IGNORE], np.uint8), hw) for hw in SIZES]
    drawn[WITHOUT] = None
    return drawn


def source() -> DrawnSource:
    random = np.random.default_rng(1)
    samples = [
        Sample(f"drawn {number}", random.integers(0, 256, (*hw, 3), np.uint8), mask)
        for number, (hw, mask) in enumerate(zip(SIZES, masks(), strict=True))
    ]
    made = DrawnSource(samples, ["train", "train", "val", "test", "test"])
    made.mask_classes = tuple(f"class {number}" for number in range(250))
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def path(folder) -> Path:
    return prepare(source(), folder / "kept.h5", size=SIZE, resize="letterbox", original_masks=True).path


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_what_is_packed_is_unpacked(mask):
    height, width = mask.shape
    packed = pack(mask)
    found = unpack(np.frombuffer(packed.content, np.uint8), (height, width))
    np.testing.assert_array_equal(found, mask)
    assert found.flags.writeable
    assert packed.digest == pack(np.asfortranarray(mask)).digest
    assert (pack(mask.T.copy()).digest == packed.digest) == (height == width and np.array_equal(mask, mask.T))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "does not have 5 x 4 pixels"),
        (b"no stream", "cannot be decompressed"),
        (zlib.compress(bytes(19)), "does not have 5 x 4 pixels"),
        (zlib.compress(bytes(21)), "does not have 5 x 4 pixels"),
        (zlib.compress(bytes(20))[:-1], "does not have 5 x 4 pixels"),
        (zlib.compress(bytes(20))[:-1] + b"x", "cannot be decompressed"),
    ],
)
def test_what_is_no_mask_of_that_size_is_refused(content, reason):
    with pytest.raises(ValueError, match=f"^{reason}$"):
        unpack(np.frombuffer(content, np.uint8), (4, 5))


def test_no_stream_takes_more_memory_than_the_mask_it_should_be():
    bomb = np.frombuffer(zlib.compress(bytes(1 << 24)), np.uint8)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="does not have 200 x 100 pixels"):
            unpack(bomb, (100, 200))
        with pytest.raises(ValueError, match="does not have"):
            unpack(np.frombuffer(zlib.compress(bytes(1000)), np.uint8), (1 << 31, 1 << 31))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_masks_are_those_that_were_fitted_into_the_square(path):
    store = Store.open(path)
    assert store.keeps_original_masks
    for row, mask in enumerate(masks()):
        found = store.read_original_mask(row)
        if mask is None:
            assert found is None
            continue
        assert found is not None
        np.testing.assert_array_equal(found, mask)
        assert found.shape == tuple(store.original_sizes[row]) == store.place(row).original
        np.testing.assert_array_equal(store.read_mask(row), fit(SIZES[row], SIZE, "letterbox").mask(found))


def test_masks_lie_in_more_than_one_block_and_across_their_ends(path):
    with open_hdf5(path) as file:
        first, blocks = file["original_masks/first"][:], file["original_masks/blocks"]
        assert blocks.shape == (-(-first[-1] // BLOCK), BLOCK)
        assert blocks.shape[0] > 2
        content = blocks[:].tobytes()
    assert zlib.decompress(content[first[1] : first[2]]) == masks()[1].tobytes()  # type: ignore[union-attr]
    assert first[WITHOUT] == first[WITHOUT + 1]


def test_smaller_pictures_pickles_and_other_words_have_the_same_masks(path):
    store, expected = Store.open(path), masks()[0]
    assert expected is not None
    for other in (store.at_size(8), pickle.loads(pickle.dumps(store))):
        np.testing.assert_array_equal(other.read_original_mask(0), expected)
    ids = np.arange(255, -1, -1, dtype=np.uint8)
    np.testing.assert_array_equal(replace(store, mask_ids=ids).read_original_mask(0), 255 - expected)


def test_a_store_without_them_is_the_same_data_and_says_so(path, folder):
    plain = prepare(source(), folder / "plain.h5", size=SIZE, resize="letterbox").path
    kept, store = Store.open(path), Store.open(plain)
    assert store.content_hash == kept.content_hash
    assert store.originals is None
    assert not store.keeps_original_masks
    with open_hdf5(plain) as file:
        assert "original_masks" not in file
        assert b"original_masks" not in bytes(file["header"][:])
    for row in range(len(store)):
        for one, other in zip(store.read(row), kept.read(row), strict=True):
            np.testing.assert_array_equal(one, other)


def test_pictures_that_are_stored_as_they_are_need_no_other_masks(tmp_path):
    square = DrawnSource([draw_sample(number, (40, 40)) for number in range(3)], ["train", "val", "test"])
    store = Store.open(prepare(square, tmp_path / "square.h5", size=40).path).at_size(20)
    assert store.originals is None
    assert store.keeps_original_masks
    np.testing.assert_array_equal(store.read_original_mask(1), draw_sample(1, (40, 40)).mask)


def test_layers_may_stand_beside_them(tmp_path):
    stores = [
        Store.open(prepare(LayeredSource(), tmp_path / f"{kept}.h5", size=SIZE, original_masks=kept).path)
        for kept in (False, True)
    ]
    assert stores[0].content_hash == stores[1].content_hash
    for row in range(4):
        np.testing.assert_array_equal(stores[1].read_original_mask(row), draw_sample(row).mask)
        np.testing.assert_equal(stores[1].read_layers(row), stores[0].read_layers(row))


def test_processes_keep_the_same_masks(path, folder):
    together = prepare(
        source(), folder / "together.h5", size=SIZE, resize="letterbox", original_masks=True, processes=2
    )
    kept, found = Store.open(path).originals, Store.open(together.path).originals
    assert kept is not None
    assert found is not None
    assert kept.content_hash == found.content_hash
    np.testing.assert_array_equal(kept.blocks.first, found.blocks.first)


def test_data_without_any_mask_keep_none(tmp_path):
    bare = DrawnSource([replace(draw_sample(number), mask=None) for number in range(3)], ["train", "val", "test"])
    store = Store.open(prepare(bare, tmp_path / "bare.h5", size=SIZE, original_masks=True).path)
    assert [store.read_original_mask(row) for row in range(3)] == [None] * 3


def _spoiled(path: Path, tmp_path: Path, change: Callable[[Any], None]) -> Path:
    spoiled = tmp_path / "spoiled.h5"
    spoiled.write_bytes(path.read_bytes())
    with open_hdf5(spoiled, "a") as file:
        change(file)
    return spoiled


def _header(name: str, value: str) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        content = bytes(file["header"][:])
        del file["header"]
        changed = re.sub(rb'"original_masks": \{[^}]*\}', f'"original_masks": {value}'.encode(), content)
        assert changed != content, name
        file["header"] = np.frombuffer(changed, np.uint8)

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put("original_masks/first", 0, 1), "/original_masks/first does not say where masks begin"),
        (put("original_masks/first", 1, -1), "/original_masks/first does not say where masks begin"),
        (put("original_masks/first", -1, 1 << 60), "/original_masks/first does not say where masks begin"),
        (put("has_mask", 0, False), "/original_masks and /has_mask do not name the same samples"),
        (put("has_mask", WITHOUT, True), "/original_masks and /has_mask do not name the same samples"),
        (lambda file: file.pop("original_masks"), "/original_masks/first is missing"),
        (lambda file: file.pop("original_masks/blocks"), "/original_masks/blocks is missing"),
        (lambda file: file["original_masks/blocks"].resize(2, axis=0), "/original_masks/first does not say where"),
        (_header("type", "3"), "original_masks should be a mapping"),
        (_header("hash", '{"hash": "short"}'), "the hash of original_masks is not a SHA-256 sum"),
        (_header("none", "{}"), "the hash of original_masks should be a text"),
    ],
)
def test_a_damaged_index_of_masks_is_refused(path, tmp_path, change, reason):
    spoiled = _spoiled(path, tmp_path, change)
    with pytest.raises(InputError, match=f"is damaged: {reason}.*; prepare it again$"):
        Store.open(spoiled)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put("original_masks/blocks", (0, slice(0, 9)), 0), "the original mask of drawn 0 cannot be decompressed"),
        (put("original_size", 0, [40, 51]), "the original mask of drawn 0 does not have 51 x 40 pixels"),
        (put("original_size", 0, [1 << 30, 1 << 30]), "the original mask of drawn 0 does not have"),
    ],
)
def test_a_damaged_mask_is_one_sentence(path, tmp_path, change, reason):
    store = Store.open(_spoiled(path, tmp_path, change))
    with pytest.raises(RunError, match=rf"spoiled.h5 is damaged: {reason}.*; prepare it again$"):
        store.read_original_mask(0)
    np.testing.assert_array_equal(store.read_original_mask(1), masks()[1])


def test_ids_without_a_name_are_refused(path):
    store = Store.open(path)
    few = replace(store, vocabulary=replace(store.vocabulary, mask_classes=("background", "thing")))
    with pytest.raises(RunError, match="the mask of drawn 0 holds class 249, but its classes are 0 to 1; prepare it"):
        few.read_original_mask(0)


def test_a_file_that_was_cut_off_is_refused(path, tmp_path):
    spoiled = tmp_path / "short.h5"
    with open_hdf5(path) as file:
        blocks = file["original_masks/blocks"].id
        place = blocks.get_chunk_info(blocks.get_num_chunks() - 1).byte_offset
    spoiled.write_bytes(path.read_bytes()[: place + BLOCK // 2])
    with pytest.raises(InputError):
        Store.open(spoiled)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_no_damage_keeps_a_reader_or_surprises_it(path, tmp_path):
    content, changed = path.read_bytes(), tmp_path / "changed.h5"

    def is_read(damaged: bytes) -> bool:
        changed.write_bytes(damaged)
        try:
            store = Store.open(changed)
            for row in range(len(store)):
                store.read_original_mask(row)
        except (InputError, RunError):
            return False
        return True

    found = in_time(lambda: sum(map(is_read, mutations(content, 36, 0))))
    assert 0 < found < 36
