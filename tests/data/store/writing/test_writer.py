"""A store is written record by record, its content hash covers what it holds, and a failure is one sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from auxseg.data.preparing.record import Record, Seen
from auxseg.data.sample import IGNORE, MISSING, Orientation
from auxseg.data.store.store import Store
from auxseg.data.store.writing import writer as writing
from auxseg.data.store.writing.writer import StoreWriter
from auxseg.errors import RunError
from tests.data.pictures import open_hdf5

SIZE = 4
HEADER: dict[str, Any] = {
    "size": SIZE,
    "resize": "squash",
    "border": "none",
    "mask_classes": ["background", "thing"],
    "box_from_mask": False,
    "skipped": [],
}


def record(number: int = 0, **changes: Any) -> Record:
    random = np.random.default_rng(number)
    made = Record(
        id=f"sample {number}",
        group="",
        image=random.integers(0, 256, (SIZE, SIZE, 3), np.uint8),
        mask=random.integers(0, 2, (SIZE, SIZE), np.uint8),
        has_mask=True,
        box=np.array([0, 0.25, 0.5, 1], np.float32),
        classes={"breed": ("pug", "tabby")[number % 2]},
        original_size=(40 + number, 50),
        image_hash=f"{number:064x}",
        perceptual_hash=2**64 - 1 - number,
    )
    return replace(made, **changes)


def write(path: Path, *records: Record, split: list[int] | None = None, **changes: Any) -> str:
    provenance = changes.pop("provenance", {"source": "drawn"})
    with StoreWriter(path, SIZE) as writer:
        for each in records:
            writer.append(each)
        splits = np.array([0] * len(records) if split is None else split, np.uint8)
        return writer.finish(splits, HEADER | changes, provenance)


def test_what_is_written_is_what_is_read(tmp_path):
    records = [record(number) for number in range(3)]
    content_hash = write(tmp_path / "a.h5", *records, split=[2, 0, 1])
    store = Store.open(tmp_path / "a.h5")
    assert store.content_hash == content_hash
    assert store.ids.tolist() == [each.id for each in records]
    assert store.split.tolist() == [2, 0, 1]
    assert store.original_sizes.tolist() == [[40, 50], [41, 50], [42, 50]]
    assert store.perceptual_hashes.tolist() == [2**64 - 1, 2**64 - 2, 2**64 - 3]
    assert store.image_hashes.tolist() == [each.image_hash for each in records]
    for row, each in enumerate(records):
        image, mask = store.read(row)
        np.testing.assert_array_equal(image, each.image)
        np.testing.assert_array_equal(mask, each.mask)
        np.testing.assert_array_equal(store.boxes[row], each.box)
        assert store.vocabulary.labels["breed"][store.classes["breed"][row]] == each.classes["breed"]


def test_missing_labels_stay_missing(tmp_path):
    bare = record(
        1,
        has_mask=False,
        mask=np.full((SIZE, SIZE), IGNORE, np.uint8),
        box=np.full(4, np.nan, np.float32),
        classes={},
    )
    write(tmp_path / "a.h5", record(), bare)
    store = Store.open(tmp_path / "a.h5")
    assert store.has_mask.tolist() == [True, False]
    assert store.classes["breed"].tolist() == [0, MISSING]
    assert np.isnan(store.boxes[1]).all()
    write(tmp_path / "b.h5", bare)
    assert Store.open(tmp_path / "b.h5").vocabulary.labels == {}


def test_names_of_classes_are_sorted_whatever_order_they_come_in(tmp_path):
    kinds = [{"b": "z", "a": "y"}, {"b": "x"}, {"a": "y", "b": "z"}, {}]
    with StoreWriter(tmp_path / "a.h5", SIZE) as writer:
        for number, classes in enumerate(kinds):
            writer.append(record(number, classes=classes))
        names, ids = writer.class_ids()
        assert names == {"a": ["y"], "b": ["x", "z"]}
        assert {kind: each.tolist() for kind, each in ids.items()} == {"a": [0, -1, 0, -1], "b": [1, 0, 1, -1]}
        assert writer.label_rows() == [(0, 1), (-1, 0), (0, 1), (-1, -1)]
        assert writer.column("id") == [f"sample {number}" for number in range(4)]


CHANGES: list[dict[str, Any]] = [
    {"id": "other"},
    {"group": "g"},
    {"image": np.zeros((SIZE, SIZE, 3), np.uint8)},
    {"mask": np.full((SIZE, SIZE), IGNORE, np.uint8)},
    {"has_mask": False},
    {"box": np.array([0, 0.25, 0.5, 0.99], np.float32)},
    {"classes": {"breed": "Tabby"}},
    {"classes": {}},
    {"original_size": (40, 51)},
    {"image_hash": "0" * 63 + "7"},
    {"perceptual_hash": 3},
    {"orientation": Orientation(6)},
    {"orientation": Orientation(6, is_turned=True)},
]


def test_the_content_hash_covers_everything_that_is_kept_of_a_sample(tmp_path):
    found = [write(tmp_path / "a.h5", record(1), record(0, **change)) for change in ({}, *CHANGES)]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    "change",
    [
        {"notes": ("a note",)},
        {"dropped": ("a reason",)},
        {"seen": Seen((0, 1), "", 3, "head")},
        {"orientation": Orientation(1, is_turned=False, is_decided=False)},
    ],
)
def test_what_is_counted_over_all_samples_is_no_part_of_one(tmp_path, change):
    assert write(tmp_path / "a.h5", record(0, **change)) == write(tmp_path / "b.h5", record())


def test_the_content_hash_covers_order_splits_and_header_and_not_where_it_was_made(tmp_path):
    a, b = record(0), record(1)
    plain = write(tmp_path / "a.h5", a, b)
    others = [
        write(tmp_path / "a.h5", b, a),
        write(tmp_path / "a.h5", a, b, split=[0, 1]),
        write(tmp_path / "a.h5", a, b, resize="letterbox"),
        write(tmp_path / "a.h5", a, b, mask_classes=["background", "Thing"]),
        write(tmp_path / "a.h5", a, b, skipped=[["c", "torn"]]),
        write(tmp_path / "a.h5", a),
    ]
    assert len({plain, *others}) == 7
    assert write(tmp_path / "elsewhere.h5", a, b, provenance={"source": "drawn", "date": "today"}) == plain


def test_the_content_hash_is_pinned(tmp_path):
    """Runs remember it: a store that holds the same must keep its hash in every version."""
    fixed = record(
        image=np.arange(SIZE * SIZE * 3, dtype=np.uint8).reshape(SIZE, SIZE, 3), mask=np.eye(SIZE, dtype=np.uint8)
    )
    assert write(tmp_path / "a.h5", fixed) == "73cfd594776d071895366c12d53a29a4b2942210f0da25d8bdb554a3a2421fb0"


def test_provenance_is_kept_beside_the_header(tmp_path):
    write(tmp_path / "a.h5", record(), provenance={"source": "drawn", "notes": {"n": 1}})
    with open_hdf5(tmp_path / "a.h5") as file:
        header = json.loads(bytes(file["header"][:]))
    assert header == HEADER | {"labels": {"breed": ["pug"]}, "provenance": {"source": "drawn", "notes": {"n": 1}}}


def test_a_store_without_an_end_is_none(tmp_path):
    with StoreWriter(tmp_path / "a.h5", SIZE) as writer:
        writer.append(record())
    with h5py.File(tmp_path / "a.h5") as file:
        assert "schema_version" not in file.attrs
        assert "header" not in file


FULL = (
    "Can't synchronously write data (file write failed: time = Mon, filename = 'a.h5', file descriptor = 5, "
    "errno = 28, error message = 'No space left on device', buf = 0x0, total write size = 48)"
)


@pytest.mark.parametrize(
    ("error", "reason"), [(OSError(FULL), "No space left on device"), (RuntimeError("short"), "short")]
)
def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch, error, reason):
    def fail(*_: Any) -> None:
        raise error

    with StoreWriter(tmp_path / "a.h5", SIZE) as writer:
        monkeypatch.setattr(writing._PictureWriter, "append", fail)
        with pytest.raises(RunError) as found:
            writer.append(record())
    assert str(found.value) == f"{tmp_path}: writing the store failed: {reason}"
    assert found.value.__cause__ is error


def test_a_place_that_takes_no_file_is_named(tmp_path):
    with pytest.raises(RunError, match=r"gone: writing the store failed: .*No such file or directory"):
        StoreWriter(tmp_path / "gone" / "a.h5", SIZE)


class Failing:
    """A file that cannot be closed, as on a disk that fills up at the end."""

    def close(self) -> None:
        raise OSError(FULL)


def test_a_failure_at_closing_hides_no_other(tmp_path):
    def fail_within(error: Exception | None) -> None:
        with StoreWriter(tmp_path / "a.h5", SIZE) as writer:
            writer._file.close()
            monkey: Any = writer
            monkey._file = Failing()
            if error is not None:
                raise error

    with pytest.raises(RunError, match=r"No space left on device$"):
        fail_within(None)
    with pytest.raises(KeyError, match="first"):
        fail_within(KeyError("first"))
