"""The index is what was written, and every value that a reader relies on is checked when a store is opened."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import MISSING
from auxseg.data.store.file import StoreFile
from auxseg.data.store.index import read_index
from tests.data.old_stores import write_old
from tests.data.pictures import DrawnSource, draw_sample, open_hdf5
from tests.data.store.spoiling import put

SIZE = 16
NAMES = {"colour": ("blue", "green", "red"), "shape": ("round", "square")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """Five samples, of which the last two are no training samples."""
    source = DrawnSource([draw_sample(index) for index in range(5)], ["train", "train", "train", "val", "test"])
    return prepare(source, tmp_path_factory.mktemp("store") / "new.h5", size=SIZE).path


def index_of(path: Path, version: float = 1.1, file_size: int | None = None) -> dict[str, Any]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with StoreFile.open(descriptor) as file:
            return read_index(file, version, path.stat().st_size if file_size is None else file_size)
    finally:
        os.close(descriptor)


def test_every_column_has_the_samples_in_their_order(whole):
    index = index_of(whole)
    assert index["ids"].tolist() == [f"drawn {number}" for number in range(5)]
    assert index["split"].tolist() == [0, 0, 0, 1, 2]
    assert index["original_sizes"].tolist() == [[40, 50]] * 5
    for label, names in NAMES.items():
        expected = [draw_sample(number).classes[label] for number in range(5)]
        assert [names[number] for number in index["classes"][label]] == expected
        assert index["classes"][label].flags["C_CONTIGUOUS"]
    for number, box in enumerate(index["boxes"]):
        (drawn,) = draw_sample(number).boxes
        np.testing.assert_allclose(box * [50, 40, 50, 40], [drawn.x0, drawn.y0, drawn.x1, drawn.y1], rtol=1e-5)


def test_both_versions_give_the_same_index(whole, tmp_path):
    new, old = index_of(whole), index_of(write_old(whole, tmp_path / "old.h5"), 1)
    assert new.keys() == old.keys()
    for name in new.keys() - {"_places"}:
        np.testing.assert_equal(old[name], new[name], name)


def test_the_counts_of_classes_are_those_of_training_samples_with_a_label(whole, tmp_path):
    assert dict(index_of(whole)["vocabulary"].counts) == {"colour": (1, 1, 1), "shape": (2, 1)}
    path = changed(whole, tmp_path, put("classes", (1, 1), MISSING))
    assert index_of(path)["vocabulary"].counts["shape"] == (2, 0)


def test_places_are_where_each_picture_begins(whole):
    content, places = whole.read_bytes(), index_of(whole)["_places"]
    with open_hdf5(whole) as file:
        images, masks = file["image"][:], file["mask"][:]
    for (image, mask), expected, ids in zip(places, images, masks, strict=True):
        assert content[image : image + 3 * SIZE**2] == expected.tobytes()
        assert content[mask : mask + SIZE**2] == ids.tobytes()


def changed(whole: Path, folder: Path, change: Callable[[Any], None]) -> Path:
    path = folder / "changed.h5"
    path.write_bytes(whole.read_bytes())
    with open_hdf5(path, "a") as file:
        change(file)
    return path


def test_older_stores_lack_orientations(whole, tmp_path):
    def forget(file: Any) -> None:
        del file["orientation"], file["is_turned"]

    index = index_of(changed(whole, tmp_path, forget))
    assert index["orientations"].tolist() == [1] * 5
    assert index["is_turned"].tolist() == [False] * 5


@pytest.mark.parametrize(
    "change",
    [
        put("box", 2, np.nan),
        put("box", 2, [0.5, 0.5, 0.5, 0.5]),
        put("box", 2, [-1, -1, 2, 2]),
        put("classes", 2, MISSING),
        put("classes", 2, [2, 1]),
        put("split", 2, 2),
        put("orientation", 2, 8),
        put("original_size", 2, 1),
    ],
)
def test_the_ends_of_every_range_are_read(whole, tmp_path, change):
    assert len(index_of(changed(whole, tmp_path, change))["ids"]) == 5


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put("split", 2, 3), "/split holds 3, but there are 3 splits"),
        (put("classes", (2, 0), 3), "a class of 'colour' has the number 3, but there are 3 names"),
        (put("classes", (2, 1), 2), "a class of 'shape' has the number 2, but there are 2 names"),
        (put("classes", (2, 1), -2), "a class of 'shape' has the number -2, but there are 2 names"),
        (put("box", (2, 0), np.nan), "/box holds (nan, "),
        (put("box", 2, [0.5, 0, 0.25, 1]), "/box holds (0.5, 0, 0.25, 1), which is not a box"),
        (put("box", 2, [0, 0.5, 1, 0.25]), "/box holds (0, 0.5, 1, 0.25), which is not a box"),
        (put("box", 2, [0, 0, 1, 2.25]), "/box holds (0, 0, 1, 2.25), which is not a box"),
        (put("box", 2, [-1.25, 0, 1, 1]), "/box holds (-1.25, 0, 1, 1), which is not a box"),
        (put("box", 2, np.inf), "/box holds (inf, inf, inf, inf), which is not a box"),
        (put("original_size", (2, 1), 0), "/original_size holds 0"),
        (put("original_size", (2, 0), -7), "/original_size holds -7"),
        (put("orientation", 2, 0), "/orientation holds values outside EXIF's 1 to 8"),
        (put("orientation", 2, 9), "/orientation holds values outside EXIF's 1 to 8"),
    ],
)
def test_a_value_beyond_its_range_is_named(whole, tmp_path, change, reason):
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}"):
        index_of(changed(whole, tmp_path, change))


@pytest.mark.parametrize("name", ["has_mask", "is_turned"])
def test_what_is_neither_true_nor_false_is_refused(whole, tmp_path, name):
    """numpy takes any byte for a truth value, and then computes with it."""
    path = changed(whole, tmp_path, lambda _: None)
    with open_hdf5(path) as file:
        place = file[name].id.get_offset()
    content = bytearray(path.read_bytes())
    content[place + 2] = 2
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^/{name} holds values that are neither true nor false$"):
        index_of(path)


@pytest.mark.parametrize("name", ["image", "mask"])
def test_a_picture_that_is_not_there_is_refused(whole, tmp_path, name):
    def forget_the_last(file: Any) -> None:
        file[name].resize(4, axis=0)
        file[name].resize(5, axis=0)

    with pytest.raises(ValueError, match=f"^it is truncated: some samples of /{name} are incomplete$"):
        index_of(changed(whole, tmp_path, forget_the_last))


def test_a_picture_must_end_before_the_file_does(whole):
    places = index_of(whole)["_places"]
    end = int((places + np.array([3, 1]) * SIZE**2).max())
    assert len(index_of(whole, file_size=end)["ids"]) == 5
    with pytest.raises(ValueError, match=r"^it is truncated: some samples of /(image|mask) are incomplete$"):
        index_of(whole, file_size=end - 1)


@pytest.mark.parametrize("shift", [0, 1, SIZE**2 - 1])
def test_two_pictures_in_one_place_are_refused(whole, monkeypatch, shift):
    """The mask of one sample must not be that of another, nor a part of it."""
    places = StoreFile.chunk_places

    def move(self: StoreFile, name: str, *shape: int, **dtype: np.dtype) -> np.ndarray:
        found = places(self, name, *shape, **dtype)
        if name == "mask":
            found[3] = found[1] + shift
        return found

    monkeypatch.setattr(StoreFile, "chunk_places", move)
    with pytest.raises(ValueError, match=r"^two samples overlap$"):
        index_of(whole)


def test_labels_of_the_header_and_columns_of_the_table_belong_together(whole, tmp_path):
    def add_a_label(file: Any) -> None:
        header = json.loads(bytes(file["header"][:]))
        header["labels"]["size"] = ["small"]
        del file["header"]
        file["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)

    with pytest.raises(ValueError, match=re.escape("/classes has shape (5, 2), not (5, 3)")):
        index_of(changed(whole, tmp_path, add_a_label))
