"""What a store says of itself is believed value by value, and one that is not as promised is named."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from auxseg.data.store.file import StoreFile
from auxseg.data.store.header import Header, read_content_hash, read_header, read_old_header
from auxseg.records.values.size import Size
from tests.data.store.spoiling import refused

PLAIN = ("size", "resize", "border", "box_from_mask", "exif")
WHOLE: dict[str, Any] = {
    "size": 32,
    "resize": "letterbox",
    "border": "none",
    "box_from_mask": True,
    "mask_classes": ["background", "cat"],
    "labels": {"breed": ["pug", "tabby"], "species": []},
    "provenance": {"source": "folder", "notes": {"a note": 3}, "more": [1, None]},
    "skipped": [["a", "it is torn"]],
}
NEWER: dict[str, Any] = {
    "dropped": [["b", "its mask is wet"]],
    "exif": "ignore",
    "category_ids": [0, 17],
    "has_background": False,
}
"""What stores hold only where it says something."""


def read(folder: Path, values: Any) -> Header:
    with h5py.File(folder / "a.h5", "w") as file:
        file["header"] = np.frombuffer(json.dumps(values).encode(), np.uint8)
    return opened(folder / "a.h5", read_header)


def read_old(folder: Path, values: dict[str, Any]) -> Header:
    """As version 1 has it: each value an attribute, those that are no single ones as JSON."""
    with h5py.File(folder / "a.h5", "w") as file:
        for name, value in values.items():
            file.attrs[name] = (
                value if name in ("size", "resize", "border", "box_from_mask", "exif") else json.dumps(value)
            )
    return opened(folder / "a.h5", read_old_header)


def opened(path: Path, read: Any) -> Any:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with StoreFile.open(descriptor) as file:
            return read(file)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("reader", [read, read_old])
def test_every_value_is_read(tmp_path, reader):
    assert reader(tmp_path, WHOLE | NEWER) == Header(
        size=Size.of(32),
        resize="letterbox",
        border="none",
        box_from_mask=True,
        mask_classes=("background", "cat"),
        labels={"breed": ("pug", "tabby"), "species": ()},
        provenance=WHOLE["provenance"],
        skipped=(("a", "it is torn"),),
        dropped=(("b", "its mask is wet"),),
        exif="ignore",
        category_ids=(0, 17),
        has_background=False,
    )


@pytest.mark.parametrize("reader", [read, read_old])
def test_what_is_not_said_has_its_plain_meaning(tmp_path, reader):
    header = reader(tmp_path, WHOLE)
    assert (header.dropped, header.exif, header.category_ids, header.has_background) == ((), "apply", (), True)


def test_what_a_newer_version_adds_is_passed_over(tmp_path):
    assert read(tmp_path, WHOLE | {"weather": "fine"}) == read(tmp_path, WHOLE)


@pytest.mark.parametrize("name", WHOLE)
def test_a_value_that_is_missing_is_named(tmp_path, name):
    rest = {key: value for key, value in WHOLE.items() if key != name}
    for reader in (read, read_old):
        with refused(f"{name} is missing"):
            reader(tmp_path, rest)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"size": 0}, "size is 0"),
        ({"size": -1}, "size is -1"),
        ({"size": "32"}, "size should be a whole number"),
        ({"size": 32.0}, "size should be a whole number"),
        ({"size": True}, "size should be a whole number"),
        ({"resize": "crop"}, "resize should be one of squash, letterbox"),
        ({"resize": ["squash"]}, "resize should be one of squash, letterbox"),
        ({"border": 3}, "border should be a text"),
        ({"border": "\ud800"}, "border is not Unicode"),
        ({"box_from_mask": 1}, "box_from_mask should be true or false"),
        ({"box_from_mask": "false"}, "box_from_mask should be true or false"),
        ({"has_background": None}, "has_background should be true or false"),
        ({"mask_classes": "cat"}, "mask_classes should be a list"),
        ({"mask_classes": ["cat", 3]}, "each of mask_classes should be a text"),
        ({"mask_classes": ["cat", "\ud800"]}, "each of mask_classes is not Unicode"),
        ({"labels": ["breed"]}, "labels should be a mapping"),
        ({"labels": {"breed": "pug"}}, "the names of 'breed' should be a list"),
        ({"labels": {"breed": ["pug", None]}}, "each of the names of 'breed' should be a text"),
        ({"labels": {"\ud800": []}}, "each of labels is not Unicode"),
        ({"skipped": {}}, "skipped should be a list"),
        ({"skipped": [["a"]]}, "each of skipped should be an id and a reason"),
        ({"skipped": [["a", "b", "c"]]}, "each of skipped should be an id and a reason"),
        ({"skipped": ["ab"]}, "each of skipped should be a list"),
        ({"dropped": [["a", 3]]}, "each reason of dropped should be a text"),
        ({"skipped": [["\ud800", "a"]]}, "each id of skipped is not Unicode"),
        ({"exif": "auto"}, "exif should be one of apply, ignore"),
        ({"category_ids": 3}, "category_ids should be a list"),
        ({"category_ids": [0, 1.5]}, "each of category_ids should be a whole number"),
        ({"category_ids": [0]}, "it has 1 category_ids for 2 mask_classes"),
        ({"category_ids": [0, 1, 2]}, "it has 3 category_ids for 2 mask_classes"),
        ({"provenance": 3}, "provenance should be a mapping"),
        ({"provenance": {}}, "the source in provenance should be a text"),
        ({"provenance": {"source": "x", "notes": []}}, "the notes in provenance should be a mapping"),
        (
            {"provenance": {"source": "x", "notes": {"n": "3"}}},
            "the number of 'n' in provenance should be a whole number",
        ),
    ],
)
def test_a_value_that_is_not_as_promised_is_named(tmp_path, change, reason):
    with refused(reason):
        read(tmp_path, WHOLE | NEWER | change)


def test_a_header_that_is_no_mapping_is_refused(tmp_path):
    with refused("header should be a mapping"):
        read(tmp_path, [WHOLE])


def test_old_values_are_refused_where_they_are_no_json(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["size"], file.attrs["box_from_mask"], file.attrs["labels"] = 32, True, "{"
    with refused("labels is not JSON that can be read"):
        opened(tmp_path / "a.h5", read_old_header)


@pytest.mark.parametrize("text", ["0123456789abcdef" * 4, b"0123456789abcdef" * 4])
def test_a_content_hash_is_read_as_text_or_bytes(tmp_path, text):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["content_hash"] = text if isinstance(text, str) else np.bytes_(text)
    assert opened(tmp_path / "a.h5", read_content_hash) == "0123456789abcdef" * 4


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 64 + "\n"])
def test_what_is_no_sha_256_is_refused(tmp_path, text):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["content_hash"] = text
    with refused("content_hash is not a SHA-256 sum"):
        opened(tmp_path / "a.h5", read_content_hash)
