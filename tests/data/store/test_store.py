"""A store is read as it was written, by every kind of reader, and refused when it is not whole."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from auxseg.data.geometry import fit
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE, Orientation, Vocabulary
from auxseg.data.store.store import Store
from auxseg.data.store.versions import OWN_SIZES_VERSION
from auxseg.errors import InputError, RunError
from auxseg.records.values.size import Size
from tests.data.pictures import DrawnSource, draw_mask, draw_sample, drawn_source, open_hdf5
from tests.data.store.spoiling import put

SIZE = 32


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("store") / "drawn.h5"
    return prepare(drawn_source(20, bad=["drawn 3"]), out, size=SIZE, resize="letterbox").path


@pytest.fixture
def store(path) -> Store:
    return Store.open(path)


def checksums(store: Store) -> list[int]:
    return [int(image.sum()) * 1000 + int(mask.sum()) for image, mask in map(store.read, range(len(store)))]


def send_checksums(store: Store, queue: multiprocessing.Queue) -> None:
    queue.put(checksums(store))


def test_samples_are_what_hdf5_reads(path, store):
    with open_hdf5(path) as file:
        images, masks = file["image"][:], file["mask"][:]
    for row in range(len(store)):
        image, mask = store.read(row)
        np.testing.assert_array_equal(image, images[row])
        np.testing.assert_array_equal(mask, masks[row])


def test_orientations_and_labels_left_out_are_kept(tmp_path):
    turned, stored = Orientation(6, is_turned=True), Orientation(8)
    samples = [
        replace(draw_sample(0), orientation=turned, dropped=("its mask is torn",)),
        replace(draw_sample(1), orientation=stored),
        replace(draw_sample(2), orientation=stored),
    ]
    report = prepare(DrawnSource(samples, [None] * 3), tmp_path / "out.h5", size=SIZE, split="60-20-20")
    store = Store.open(report.path)
    assert store.orientations.tolist() == [6, 8, 8]
    assert store.is_turned.tolist() == [True, False, False]
    assert store.vocabulary.exif == "ignore"  # as most of them were read
    assert store.dropped == report.dropped == (("drawn 0", "its mask is torn"),)


def test_a_store_from_before_orientations_is_read(path, tmp_path):
    older = tmp_path / "older.h5"
    shutil.copy(path, older)
    with h5py.File(older, "r+") as file:
        del file["orientation"], file["is_turned"]
    opened = Store.open(older)
    assert (opened.orientations == 1).all()
    assert not opened.is_turned.any()
    assert opened.vocabulary.exif == "apply"
    assert opened.dropped == ()
    # The hash is that of such a store: what nothing has, changes nothing.
    assert opened.content_hash == "148fcb0e560990364122909aacde8083f3a0d3c8692c6424e0aa529c928f5c68"


def test_a_sample_is_its_source_resized(store):
    place = fit((40, 50), SIZE, "letterbox")
    row = store.ids.tolist().index("drawn 7")
    image, mask = store.read(row)
    np.testing.assert_array_equal(image, place.image(draw_sample(7).image))
    np.testing.assert_array_equal(mask, place.mask(draw_mask(7)))
    assert store.inside(row) == place.inside
    assert (mask[: place.inside[0]] == IGNORE).all()


def test_the_index_is_in_memory(store):
    assert len(store) == 19
    assert store.vocabulary == Vocabulary(
        Size.of(SIZE),
        ("background", "thing"),
        {"colour": ("blue", "green", "red"), "shape": ("round", "square")},
        "letterbox",
    )
    assert store.skipped == (("drawn 3", "it is bad"),)
    assert store.ids[3] == "drawn 4"
    assert store.vocabulary.labels["colour"][store.classes["colour"][3]] == "green"
    assert store.original_sizes.tolist() == [[40, 50]] * 19
    assert [len(store.rows(split)) for split in ("train", "val", "test")] == [14, 1, 4]
    assert store.rows("test").dtype == np.int64
    assert store.ids[store.rows("test")].tolist() == [f"drawn {index}" for index in (4, 9, 14, 19)]


def test_an_unknown_split_is_refused(store):
    with pytest.raises(InputError, match="train, val, test, not 'all'"):
        store.rows("all")


def test_samples_are_the_readers_own(store):
    image, mask = store.read(0)
    before = int(image.sum()), int(mask.sum())
    image[:], mask[:] = 0, 0
    image, mask = store.read(0)
    assert (int(image.sum()), int(mask.sum())) == before


def test_a_pickle_reads_the_same(store):
    store.read(0)
    assert checksums(pickle.loads(pickle.dumps(store))) == checksums(store)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_another_process_reads_the_same(store, method):
    expected = checksums(store)
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    process = context.Process(target=send_checksums, args=(store, queue))
    process.start()
    assert queue.get(timeout=60) == expected
    process.join()
    assert process.exitcode == 0


def test_threads_that_start_at_once_read_the_same(store):
    expected = checksums(store)
    together = threading.Barrier(8)

    def read_at_once(fresh: Store) -> list[int]:
        together.wait()
        return checksums(fresh)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(100):
            fresh = pickle.loads(pickle.dumps(store))
            assert list(pool.map(read_at_once, [fresh] * 8)) == [expected] * 8


def test_a_smaller_size_is_the_photograph_shrunk(store):
    small = store.at_size(16)
    place = fit((40, 50), 16, "letterbox")
    image, mask = small.read(0)
    assert image.shape == (16, 16, 3)
    assert small.vocabulary.size == small.size == Size(16, 16)
    assert small.inside(0) == place.inside
    y0, y1, x0, x1 = place.inside
    direct = place.image(draw_sample(0).image)
    # Shrinking twice blurs a little more than once; noise of this amplitude moves by about 20 at most.
    assert np.abs(image.astype(int) - direct)[y0:y1, x0:x1].mean() < 8
    np.testing.assert_array_equal(mask == IGNORE, place.mask(draw_mask(0)) == IGNORE)
    np.testing.assert_array_equal(small.boxes, store.boxes)


def test_its_own_size_changes_nothing(store):
    np.testing.assert_array_equal(store.at_size(16).at_size(SIZE).read(2)[0], store.read(2)[0])


def test_a_larger_size_is_refused(store):
    with pytest.raises(InputError, match="holds images of 32 px; for 64 px, prepare it again"):
        store.at_size(64)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.h5 does not exist"):
        Store.open(tmp_path / "nothing.h5")


def test_a_file_of_another_kind_is_refused(tmp_path):
    other = tmp_path / "text.h5"
    other.write_text("not a store")
    with pytest.raises(InputError, match=r"text\.h5 is not an HDF5 file"):
        Store.open(other)


def test_other_hdf5_is_refused(tmp_path):
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["image"] = np.zeros(3)
    with pytest.raises(InputError, match="not a store"):
        Store.open(other)


def test_a_newer_schema_is_refused(path, tmp_path):
    newer = tmp_path / "newer.h5"
    newer.write_bytes(path.read_bytes())
    with open_hdf5(newer, "a") as file:
        file.attrs["schema_version"] = OWN_SIZES_VERSION + 1
    with pytest.raises(InputError, match=r"schema version 6; this auxseg reads up to 5: upgrade auxseg"):
        Store.open(newer)


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.9, 0.999])
def test_a_truncated_store_is_refused(path, tmp_path, kept):
    short = tmp_path / "short.h5"
    content = path.read_bytes()
    short.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(InputError, match=r"short\.h5 is not an HDF5 file, or is truncated"):
        Store.open(short)


def test_a_store_with_a_missing_sample_is_refused(path, tmp_path):
    short = tmp_path / "short.h5"
    short.write_bytes(path.read_bytes())
    with open_hdf5(short, "a") as file:
        file["image"].resize(18, axis=0)
        file["image"].resize(19, axis=0)
    with pytest.raises(InputError, match="truncated: some samples of /image"):
        Store.open(short)


def remove_a_column(file: Any) -> None:
    del file["split"]


def rewrite(file: Any, name: str, values: np.ndarray) -> None:
    del file[name]
    file[name] = values


def shorten_a_column(file: Any) -> None:
    rewrite(file, "classes", np.zeros((7, 2), np.int32))


def put_numbers_for_texts(file: Any) -> None:
    rewrite(file, "id", np.zeros(19))


def compress_the_pixels(file: Any) -> None:
    values = file["mask"][:]
    del file["mask"]
    file.create_dataset("mask", data=values, chunks=(1, SIZE, SIZE), compression="gzip")


def link_elsewhere(file: Any) -> None:
    del file["split"]
    file["split"] = h5py.ExternalLink("/etc/hostname", "split")


def read_from_elsewhere(file: Any) -> None:
    del file["split"]
    file.create_dataset("split", (19,), np.uint8, external="/etc/hostname")


def describe(**changes: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        header = json.loads(bytes(file["header"][:])) | changes
        kept = {name: value for name, value in header.items() if value is not None}
        rewrite(file, "header", np.frombuffer(json.dumps(kept).encode(), np.uint8))

    return change


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (remove_a_column, "split"),
        (shorten_a_column, r"/classes has shape \(7, 2\), not \(19, 2\)"),
        (put_numbers_for_texts, "/id holds float64, not uint8"),
        (compress_the_pixels, "/mask is not stored as one uncompressed chunk per sample"),
        (link_elsewhere, "/split is a link to another place"),
        (read_from_elsewhere, "/split is not stored in one piece"),
        (put("split", 3, 3), "/split holds 3, but there are 3 splits"),
        (put("id_end", 3, 2**40), "/id: its texts do not end where they should"),
        (put("id", 3, 255), "/id: it is not UTF-8"),
        (describe(size=100_000), r"/image has shape .*, not \(19, 100000, 100000, 3\)"),
        (describe(provenance=None), "provenance is missing"),
        (lambda file: rewrite(file, "header", np.frombuffer(b"[" * 100_000, np.uint8)), "/header is not JSON"),
        (lambda file: rewrite(file, "header", np.frombuffer(b"{", np.uint8)), "/header is not JSON"),
        (lambda file: file.attrs.__setitem__("schema_version", "one"), "schema_version is not a number"),
        (lambda file: file.attrs.__setitem__("schema_version", [1, 2]), "schema_version is not a single value"),
        (lambda file: file.attrs.__setitem__("schema_version", 0.5), "there is no schema version 0.5"),
        (lambda file: file.attrs.__setitem__("content_hash", np.bytes_("abc")), "content_hash is not a SHA-256 sum"),
    ],
)
def test_a_damaged_store_is_refused(path, tmp_path, spoil, reason):
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(path.read_bytes())
    with open_hdf5(damaged, "a") as file:
        spoil(file)
    with pytest.raises(InputError, match=rf"damaged\.h5 is damaged: .*{reason}.*; prepare it again"):
        Store.open(damaged)


def test_a_mask_with_a_class_that_has_no_name_is_refused_when_it_is_read(path, tmp_path):
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(path.read_bytes())
    with open_hdf5(damaged, "a") as file:
        file["mask"][3, 5, 5] = 37
    store = Store.open(damaged)
    store.read(2)
    with pytest.raises(RunError, match="the mask of drawn 4 holds class 37, but its classes are 0 to 1; prepare it ag"):
        store.read(3)


def test_a_directory_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"is a directory without shards\.json; a store is one file"):
        Store.open(tmp_path)


def test_a_store_that_may_not_be_read_is_named(path, monkeypatch):
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(InputError, match=r"drawn\.h5 cannot be read: permission denied"):
        Store.open(path)


def test_a_store_that_is_replaced_meanwhile_is_not_mixed_up(tmp_path):
    path = tmp_path / "drawn.h5"
    prepare(drawn_source(10), path, size=SIZE)
    store = Store.open(path)
    prepare(drawn_source(12), path, size=SIZE, overwrite=True)
    with pytest.raises(RunError, match="was replaced"):
        store.read(0)


def test_a_store_that_shrinks_or_vanishes_meanwhile_is_named(tmp_path):
    path = tmp_path / "drawn.h5"
    prepare(drawn_source(10), path, size=SIZE)
    store, late = Store.open(path), Store.open(path)
    store.read(0)
    with path.open("r+b") as file:
        file.truncate(2000)
    with pytest.raises(RunError, match="ended within sample drawn 9"):
        store.read(9)
    path.unlink()
    with pytest.raises(RunError, match="can no longer be opened"):
        late.read(0)
