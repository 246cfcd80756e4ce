"""Texts come back from the store as they went in, and those that cannot are named."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources import Folder
from auxseg.data.store.store import Store
from auxseg.data.store.text import decode_texts, encode_texts, printable, text_fault
from auxseg.errors import InputError
from tests.data.pictures import DrawnSource, draw_mask, draw_sample

ODD = ["", "plain", "Käse 猫 🐈", "a/b", "../up", "[/b]", "line\nbreak", "\x1b[31mred", "x" * 1000, "", " "]


def test_texts_come_back_as_they_were():
    content, ends = encode_texts(ODD)
    assert decode_texts(content.tobytes(), ends).tolist() == ODD
    assert decode_texts(b"", np.zeros(0, np.int64)).tolist() == []


@pytest.mark.parametrize("ends", [[3, 2, 6], [-1, 2, 6], [1, 2, 5], [1, 2, 7], [2**62, 2, 6]])
def test_ends_that_are_not_in_order_are_refused(ends):
    with pytest.raises(ValueError, match="do not end where they should"):
        decode_texts(b"abcdef", np.array(ends))


def test_a_column_that_would_not_fit_into_memory_is_refused():
    with pytest.raises(ValueError, match="holds a text of 5,000 bytes"):
        decode_texts(b"x" * 5000, np.array([5000]))
    with pytest.raises(ValueError, match="holds 1,000,000 texts of up to 1,000 bytes"):
        decode_texts(b"x" * 1000, np.full(1_000_000, 1000))


def test_what_a_store_cannot_keep_is_said():
    assert [text_fault(text) for text in ODD] == [None] * len(ODD)
    assert text_fault("a\0") == "holds a NUL character"
    assert text_fault(os.fsdecode(b"caf\xe9")) == "is not UTF-8; rename it"
    assert text_fault("x" * 1001) == "has 1,001 characters; at most 1,000 are kept"


def test_what_cannot_be_kept_can_be_printed():
    assert [printable(text) for text in ODD] == ODD
    assert printable(os.fsdecode(b"caf\xe9\0.jpg")) == "caf\\xe9\\0.jpg"
    assert printable("\ud800") == "\\ud800"
    assert len(printable("x" * 5000)) == 1000


def test_labels_with_any_name_are_kept(tmp_path):
    samples = [
        replace(draw_sample(index), id=f"{text}{index}", group=text, classes={"a": "1", "a/b": text or "2", ".": "3"})
        for index, text in enumerate(ODD[:8])
    ]
    store = Store.open(prepare(DrawnSource(samples, ["train"] * 8), tmp_path / "out.h5", size=16).path)
    assert store.ids.tolist() == [sample.id for sample in samples]
    assert store.groups.tolist() == ODD[:8]
    names = store.vocabulary.labels["a/b"]
    assert [names[number] for number in store.classes["a/b"]] == [sample.classes["a/b"] for sample in samples]
    assert store.vocabulary.labels["."] == ("3",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"group": "a\0b"}, "its group holds a NUL character"),
        ({"group": "g" * 1001}, "its group has 1,001 characters; at most 1,000 are kept"),
        ({"classes": {"a\0": "b"}}, r"its label 'a\0' holds a NUL character"),
        ({"classes": {"a": "b\udce9"}}, "its class of 'a' is not UTF-8; rename it"),
        ({"id": "drawn \udce9"}, "its name is not UTF-8; rename it"),
    ],
)
def test_a_sample_with_a_text_that_cannot_be_kept_is_left_out_and_named(tmp_path, changes, reason):
    samples = [draw_sample(0), replace(draw_sample(1), **changes)]
    report = prepare(DrawnSource(samples, ["train"] * 2), tmp_path / "out.h5", size=16)
    assert report.num_written == 1
    assert report.skipped == ((printable(samples[1].id), reason),)
    assert Store.open(report.path).skipped == report.skipped
    assert str(report.skipped).encode()


def test_a_mask_class_that_cannot_be_kept_is_refused_before_work(tmp_path):
    source = DrawnSource([draw_sample(0)], ["train"])
    source.mask_classes = ("background", "thing\0")
    with pytest.raises(InputError, match=r"mask class 'thing.*' that holds a NUL character"):
        prepare(source, tmp_path / "out.h5", size=16)
    assert not (tmp_path / "out.h5").exists()


def test_a_file_name_that_is_not_utf_8_is_left_out_and_named(tmp_path):
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
        for name in (b"good", b"caf\xe9"):
            picture = Image.fromarray(draw_sample(1).image if part == "images" else draw_mask(1))
            picture.save(tmp_path / part / os.fsdecode(name + b".png"))
    report = prepare(Folder(tmp_path), tmp_path / "out.h5", size=16, split="60-20-20")
    assert report.num_written == 1
    assert report.skipped == (("caf\\xe9", "its name is not UTF-8; rename it"),)
