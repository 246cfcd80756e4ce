"""Every file of a folder is either read or named."""

from __future__ import annotations

import unicodedata

import pytest

from auxseg.data.sources.pictures.files import describe_others, list_files
from auxseg.errors import InputError


def test_subfolders_are_read_and_what_is_left_out_is_named(tmp_path):
    for name in (
        "b.JPG",
        "a.jfif",
        "cat/1.png",
        "cat/deep/2.HEIC",
        "cat/notes.txt",
        ".x.png",
        "Thumbs.db",
        ".git/3.png",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    listing = list_files(tmp_path)
    assert list(listing.paths) == ["a", "b", "cat/1", "cat/deep/2"]
    assert listing.others == ("cat/notes.txt",)


def test_a_link_to_a_folder_is_named_and_not_followed(tmp_path):
    (tmp_path / "ring").symlink_to(tmp_path)
    (tmp_path / "a.png").touch()
    listing = list_files(tmp_path)
    assert (list(listing.paths), listing.others) == (["a"], ("ring",))


def test_ids_are_composed(tmp_path):
    (tmp_path / (unicodedata.normalize("NFD", "café") + ".png")).touch()
    assert list(list_files(tmp_path).paths) == [unicodedata.normalize("NFC", "café")]


def test_two_files_of_one_id_are_refused(tmp_path):
    for name in ("a.png", "a.jpg"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"holds both a\.jpg and a\.png; keep only one of them"):
        list_files(tmp_path)


def test_many_files_are_one_sentence():
    assert describe_others("images/", (), "no picture") == ()
    assert describe_others("images/", ["a.xml"], "no picture") == ("images/: 1 file is no picture, left out: a.xml",)
    (sentence,) = describe_others("images/", [f"{index}.xml" for index in range(900)], "no picture")
    assert sentence == "images/: 900 files are no picture, left out: 0.xml, 1.xml, 2.xml, ..."
