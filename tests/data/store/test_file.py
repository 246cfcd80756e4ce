"""Every part of a store's file is checked for kind, type, shape and place before memory is taken for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from auxseg.data.store.file import StoreFile, parse_json
from auxseg.data.store.text import encode_texts
from tests.data.store.spoiling import refused


@contextmanager
def stored(folder: Path, fill: Callable[[Any], None]) -> Iterator[StoreFile]:
    """A file that a function has filled, open for reading."""
    path = folder / "a.h5"
    with h5py.File(path, "w", libver="v110") as file:
        fill(file)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with StoreFile.open(descriptor) as found:
            yield found
    finally:
        os.close(descriptor)


def put(name: str, values: Any, **options: Any) -> Callable[[Any], None]:
    def fill(file: Any) -> None:
        file.create_dataset(name, data=values, **options)

    return fill


def describe(**attributes: Any) -> Callable[[Any], None]:
    def fill(file: Any) -> None:
        for name, value in attributes.items():
            file.attrs[name] = value

    return fill


def test_another_file_is_no_hdf5(tmp_path):
    (tmp_path / "a.h5").write_text("not a store")
    descriptor = os.open(tmp_path / "a.h5", os.O_RDONLY)
    with pytest.raises(OSError, match="signature"), StoreFile.open(descriptor):
        pass
    os.close(descriptor)


@pytest.mark.parametrize(("value", "number"), [(3, 3), (1.1, 1.1), (np.uint8(7), 7), (True, 1), (np.float32(0.5), 0.5)])
def test_an_attribute_that_is_a_number_is_read(tmp_path, value, number):
    with stored(tmp_path, describe(size=value)) as file:
        assert file.number("size") == number
        assert file.has_attribute("size")
        assert not file.has_attribute("siz")


@pytest.mark.parametrize(("value", "text"), [("Käse", "Käse"), (np.bytes_(b"abc"), "abc")])
def test_an_attribute_that_is_a_text_is_read(tmp_path, value, text):
    with stored(tmp_path, describe(name=value)) as file:
        assert file.text("name") == text


def test_attributes_of_other_kinds_are_named(tmp_path):
    with stored(tmp_path, describe(text="a", number=3, several=[1, 2], nothing=h5py.Empty("i4"))) as file:
        for read, name, reason in (
            (file.number, "text", "text is not a number"),
            (file.text, "number", "number is not a text"),
            (file.number, "several", "several is not a single value"),
            (file.number, "gone", "gone is missing"),
            (file.text, "gone", "gone is missing"),
            (file.number, "nothing", "nothing is not a single value"),
        ):
            with refused(reason):
                read(name)


def test_a_column_is_read_as_it_was_written(tmp_path):
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    with stored(tmp_path, put("box", values)) as file:
        np.testing.assert_array_equal(file.column("box", np.float32, 3, 4), values)
        assert "box" in file
        assert "bo" not in file
        assert file.length("box") == 3


def test_columns_in_groups_have_paths(tmp_path):
    with stored(tmp_path, put("classes/breed", np.arange(3, dtype=np.int32))) as file:
        assert file.column("classes/breed", np.int32, 3).tolist() == [0, 1, 2]
        for name in ("classes/gone", "gone/breed", "classes/breed/deeper"):
            with refused(f"/{name} is missing"):
                file.column(name, np.int32, 3)
        with refused("/classes is not a dataset"):
            file.length("classes")


@pytest.mark.parametrize(
    ("dtype", "shape", "reason"),
    [
        (np.uint8, (4,), "/split has shape (3,), not (4,)"),
        (np.uint8, (3, 1), "/split has shape (3,), not (3, 1)"),
        (np.int8, (3,), "/split holds uint8, not int8"),
        (np.bool_, (3,), "/split holds uint8, not bool"),
    ],
)
def test_a_column_of_another_shape_or_type_is_named(tmp_path, dtype, shape, reason):
    with stored(tmp_path, put("split", np.zeros(3, np.uint8))) as file, refused(reason):
        file.column("split", dtype, *shape)


@pytest.mark.parametrize("options", [{"chunks": (2,)}, {"chunks": (3,), "compression": "gzip"}, {"maxshape": (None,)}])
def test_a_column_in_pieces_is_refused(tmp_path, options):
    with (
        stored(tmp_path, put("split", np.zeros(3, np.uint8), **options)) as file,
        refused("/split is not stored in one piece"),
    ):
        file.column("split", np.uint8, 3)


def link_outside(file: Any) -> None:
    file["split"] = h5py.ExternalLink("/etc/hostname", "split")


def link_inside(file: Any) -> None:
    file["other"] = np.zeros(3, np.uint8)
    file["split"] = h5py.SoftLink("/other")


@pytest.mark.parametrize("fill", [link_outside, link_inside])
def test_links_are_not_followed(tmp_path, fill):
    with stored(tmp_path, fill) as file, refused("/split is a link to another place"):
        file.column("split", np.uint8, 3)


def test_values_in_another_file_are_not_read(tmp_path):
    (tmp_path / "secret").write_bytes(b"abc")

    def fill(file: Any) -> None:
        file.create_dataset("split", (3,), np.uint8, external=[(str(tmp_path / "secret"), 0, 3)])

    with stored(tmp_path, fill) as file, refused("/split is not stored in one piece"):
        file.column("split", np.uint8, 3)


def test_a_column_that_was_never_written_is_not_there(tmp_path):
    def fill(file: Any) -> None:
        file.create_dataset("split", (3,), np.uint8)
        file.create_dataset("none", (0,), np.uint8)

    with stored(tmp_path, fill) as file:
        with refused("/split is incomplete"):
            file.column("split", np.uint8, 3)
        assert file.column("none", np.uint8, 0).shape == (0,)


def test_a_dataset_without_rows_has_none(tmp_path):
    with stored(tmp_path, put("one", np.uint8(3))) as file:
        assert file.length("one") == 0


def put_texts(*texts: str, ends: list[int] | None = None) -> Callable[[Any], None]:
    def fill(file: Any) -> None:
        content, found = encode_texts(texts)
        file["id"], file["id_end"] = content, found if ends is None else np.array(ends, np.int64)

    return fill


def test_texts_come_back(tmp_path):
    with stored(tmp_path, put_texts("a", "", "Käse 猫")) as file:
        assert file.texts("id", 3).tolist() == ["a", "", "Käse 猫"]
    with stored(tmp_path, put_texts()) as file:
        assert file.texts("id", 0).tolist() == []


def test_texts_that_are_damaged_are_named(tmp_path):
    with stored(tmp_path, put_texts("ab", "c", ends=[3, 2])) as file:
        with refused("/id: its texts do not end where they should"):
            file.texts("id", 2)
        with refused("/id_end has shape (2,), not (3,)"):
            file.texts("id", 3)


def test_old_texts_come_back_and_others_are_named(tmp_path):
    def fill(file: Any) -> None:
        file.create_dataset("id", data=["a", "Käse"], dtype=h5py.string_dtype())
        file["number"] = np.zeros(2)
        file.create_dataset("fixed", data=np.array([b"a", b"b"]))

    with stored(tmp_path, fill) as file:
        assert file.old_texts("id", 2).tolist() == ["a", "Käse"]
        with refused("/number holds float64, not texts"):
            file.old_texts("number", 2)
        with refused("/fixed holds |S1, not texts"):
            file.old_texts("fixed", 2)
        with refused("/id has shape (2,), not (3,)"):
            file.old_texts("id", 3)


def test_json_is_read_from_bytes(tmp_path):
    with stored(tmp_path, put("header", np.frombuffer(b'{"a": [1]}', np.uint8))) as file:
        assert file.json("header") == {"a": [1]}
        assert file.bytes("header") == b'{"a": [1]}'
    with (
        stored(tmp_path, put("header", np.frombuffer(b"{", np.uint8))) as file,
        refused("/header is not JSON that can be read"),
    ):
        file.json("header")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", "[" * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_what_is_no_json_is_refused_in_one_sentence(content):
    with refused("notes is not JSON that can be read"):
        parse_json(content, "notes")


def put_pictures(rows: list[int], num_rows: int = 3, size: int = 2, **options: Any) -> Callable[[Any], None]:
    """Pictures of which some rows are written, each full of its own number."""

    def fill(file: Any) -> None:
        dataset = file.create_dataset(
            "mask", (num_rows, size, size), np.uint8, **({"chunks": (1, size, size)} | options)
        )
        for row in rows:
            dataset[row] = row + 1

    return fill


def test_places_are_where_the_pictures_begin(tmp_path):
    with stored(tmp_path, put_pictures([2, 0, 1])) as file:
        places = file.chunk_places("mask", 3, 2, 2)
    content = (tmp_path / "a.h5").read_bytes()
    assert [content[place : place + 4] for place in places.tolist()] == [bytes([row] * 4) for row in (1, 2, 3)]
    assert places.dtype == np.int64


def test_pictures_that_are_not_there_have_no_place(tmp_path):
    with stored(tmp_path, put_pictures([1])) as file:
        places = file.chunk_places("mask", 3, 2, 2)
    assert (places < 0).tolist() == [True, False, True]


@pytest.mark.parametrize(
    "options",
    [{"chunks": (2, 2, 2)}, {"chunks": (1, 2, 1)}, {"chunks": None}, {"compression": "gzip"}, {"fletcher32": True}],
)
def test_pictures_that_are_not_single_and_plain_are_refused(tmp_path, options):
    with (
        stored(tmp_path, put_pictures([0, 1, 2], **options)) as file,
        refused("/mask is not stored as one uncompressed chunk per sample"),
    ):
        file.chunk_places("mask", 3, 2, 2)


def test_pictures_of_another_shape_or_type_are_named(tmp_path):
    with stored(tmp_path, put_pictures([0])) as file, refused("/mask has shape (3, 2, 2), not (4, 2, 2)"):
        file.chunk_places("mask", 4, 2, 2)
    deep = put("mask", np.zeros((1, 2, 2), np.uint16), chunks=(1, 2, 2))
    with stored(tmp_path, deep) as file, refused("/mask holds uint16, not uint8"):
        file.chunk_places("mask", 1, 2, 2)
