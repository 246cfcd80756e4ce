"""A photograph is found by whatever way its file says, and never another one in its place."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from auxseg.data.sources.coco.photographs import Photographs
from auxseg.errors import InputError


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def found(folder: Path, *names: str) -> list[str | None]:
    """Where each of the names is found below the folder."""
    photographs = Photographs(names, [folder], "some.json")
    paths = [photographs.find(name) for name in names]
    return [None if path is None else path.relative_to(folder).as_posix() for path in paths]


@pytest.mark.parametrize(
    "way",
    [
        "{}.png",
        "train2017/{}.png",
        "/home/someone/project/images/{}.png",
        "images\\{}.png",
        "..\\images\\{}.png",
        "C:\\data\\{}.png",
        "\\\\server\\share\\{}.png",
        "../images/{}.png",
        "./{}.png",
        "some/where/{}.png",
    ],
)
def test_the_way_that_all_share_need_not_be_there(tmp_path, way):
    touch(tmp_path, "0.png", "1.png")
    assert found(tmp_path, way.format(0), way.format(1)) == ["0.png", "1.png"]


def test_a_name_as_it_is_written_comes_first(tmp_path):
    touch(tmp_path, "a/0.png", "0.png", "a/1.png")
    assert found(tmp_path, "a/0.png", "a/1.png") == ["a/0.png", "a/1.png"]


def test_folders_below_the_common_one_are_kept(tmp_path):
    touch(tmp_path, "0/photo.png", "1/photo.png", "photo.png")
    assert found(tmp_path, "/a/b/0/photo.png", "/a/b/1/photo.png") == ["0/photo.png", "1/photo.png"]


def test_a_name_without_its_folders_is_taken_only_where_no_other_has_it(tmp_path):
    touch(tmp_path, "0.png", "1.png")
    assert found(tmp_path, "x/0.png", "y/1.png") == ["0.png", "1.png"]
    assert found(tmp_path, "x/0.png", "y/0.png", "1.png") == [None, None, "1.png"]


@pytest.mark.parametrize("name", ["../secret.png", "a/../../secret.png", "..\\secret.png", "/etc/../secret.png"])
def test_nothing_outside_of_the_folder_is_found(tmp_path, name):
    folder = touch(tmp_path / "images", "1.png")
    touch(tmp_path, "secret.png")
    assert found(folder, name, "1.png") == [None, "1.png"]


def test_an_absolute_path_leads_nowhere_but_into_the_folder(tmp_path):
    touch(tmp_path, "elsewhere/0.png")
    folder = touch(tmp_path / "images", "1.png")
    assert found(folder, str(tmp_path / "elsewhere" / "0.png"), "1.png") == [None, "1.png"]


@pytest.mark.parametrize(("on_disk", "written"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFC", "NFC")])
def test_names_are_found_in_either_form_of_unicode(tmp_path, on_disk, written):
    touch(tmp_path, unicodedata.normalize(on_disk, "Käse.png"))
    photographs = Photographs([unicodedata.normalize(written, "Käse.png")], [tmp_path], "some.json")
    path = photographs.find(unicodedata.normalize(written, "Käse.png"))
    assert path is not None
    assert path.is_file()


def test_a_folder_or_a_missing_file_is_no_photograph(tmp_path):
    touch(tmp_path, "1.png", "0.png/inside.png")
    assert found(tmp_path, "0.png", "1.png", "gone.png", "/") == [None, "1.png", None, None]


def test_the_first_folder_that_holds_any_is_used(tmp_path):
    (tmp_path / "empty").mkdir()
    touch(tmp_path, "one/0.png", "two/1.png")
    folders = [tmp_path / "empty", tmp_path / "one", tmp_path / "two"]
    photographs = Photographs(["gone.png", "0.png", "1.png"], folders, "some.json")
    assert photographs.folder == tmp_path / "one"
    assert photographs.find("1.png") is None


def test_only_so_many_photographs_are_looked_for(tmp_path):
    touch(tmp_path, "there.png")
    names = [f"gone {index}.png" for index in range(100)]
    assert Photographs([*names[:99], "there.png"], [tmp_path], "some.json").folder == tmp_path
    with pytest.raises(InputError, match="the image gone 0"):
        Photographs([*names, "there.png"], [tmp_path], "some.json")


def test_where_none_is_found_the_first_and_all_folders_are_named(tmp_path):
    with pytest.raises(InputError) as error:
        Photographs(["a/0.png", "a/1.png"], [tmp_path / "x", tmp_path], "some.json")
    assert str(error.value) == f"some.json: the image a/0.png is in none of {tmp_path / 'x'}, {tmp_path}"


def test_a_file_without_photographs_has_the_first_folder(tmp_path):
    photographs = Photographs([], [tmp_path / "x", tmp_path], "some.json")
    assert photographs.folder == tmp_path / "x"
    assert photographs.find("0.png") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/0.png", True), ("a\\0.png", True), ("/a/0.png", True), ("0.png", False), ("b/a/0.png", False)],
)
def test_it_is_known_whether_a_file_lies_where_its_name_says(tmp_path, name, expected):
    touch(tmp_path, "a/0.png")
    photographs = Photographs(["a/0.png"], [tmp_path], "some.json")
    assert photographs.is_as_written(tmp_path / "a" / "0.png", name) is expected
