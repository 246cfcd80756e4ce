"""Names of classes are read from the files that people and tools write, with or without colours."""

from __future__ import annotations

import pytest

from auxseg.data.sources.class_names import ClassNames, find_names, is_background, read_names
from auxseg.errors import InputError

LEAF, STEM = (250, 50, 83), (51, 221, 255)


@pytest.mark.parametrize(
    "text",
    [
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\nleaf:250,50,83::\nstem:51,221,255::\n",
        "\ufeffbackground 0 0 0\r\nleaf 250 50 83\r\nstem 51 221 255\r\n",
        "name,r,g,b\nbackground,0,0,0\nleaf,250,50,83\nstem,51,221,255\n",
        "background #000000\nleaf #FA3253\nstem #33ddff\n",
        "0 0 0 background\n250 50 83\tleaf\n51 221 255 stem\n",
    ],
    ids=["CVAT", "spaces", "commas", "hexadecimal", "colours first"],
)
def test_colours_are_read_in_the_forms_that_tools_write(tmp_path, text):
    path = tmp_path / "labelmap.txt"
    path.write_text(text, "utf-8")
    expected = ClassNames("labelmap.txt", ("background", "leaf", "stem"), (0, 1, 2), ((0, 0, 0), LEAF, STEM))
    assert read_names(path) == expected


def test_background_goes_first_and_colours_to_be_ignored_are_no_class(tmp_path):
    path = tmp_path / "labelmap.txt"
    path.write_text("traffic light:250,50,83::\n__ignore__:224,224,192::\nbackground:0,0,0::\n")
    names = read_names(path)
    assert names.names == ("background", "traffic light")
    assert (names.ids, names.colours) == ((2, 0), ((0, 0, 0), LEAF))
    assert names.ignored == ((224, 224, 192),)


def test_names_without_colours_keep_their_order(tmp_path):
    (tmp_path / "classes.txt").write_text("\ufeffsky\n\n#1 road\nlevel 3 house\n", "utf-8")
    assert find_names(tmp_path)[0] == ClassNames("classes.txt", ("sky", "#1 road", "level 3 house"), (0, 1, 2))


def test_our_own_file_comes_first_and_the_other_is_named(tmp_path):
    assert find_names(tmp_path) == (None, ())
    (tmp_path / "class_names.txt").write_text("_background_\nleaf\n")
    names, remarks = find_names(tmp_path)
    assert (names and names.names, remarks) == (("_background_", "leaf"), ())
    (tmp_path / "classes.txt").write_text("ground\nstem\n")
    names, remarks = find_names(tmp_path)
    assert names
    assert names.names == ("ground", "stem")
    assert remarks == ("class_names.txt was not read, because classes.txt names the classes",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("background 0 0 0\nleaf\n", r"every class should have a colour \(name r g b\), or none; 'leaf' has none"),
        ("background 0 0 0\nleaf 0 0 0\n", "two classes have the same colour 0 0 0"),
        ("a 0 0 0\na 1 1 1\n", "between 2 and 255 different names"),
        ("a" * 2000 + "\nb\n", "a line has over 1,000 characters"),
        ("a\n" * 600_000, "has over 1,000,000 bytes"),
    ],
)
def test_what_cannot_be_understood_is_refused(tmp_path, text, reason):
    path = tmp_path / "classes.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=reason):
        read_names(path)


def test_what_is_called_background_is_one():
    assert all(is_background(name) for name in ("background", "_background_", "BG", "Unlabelled", "void", "__ignore__"))
    assert not any(is_background(name) for name in ("sky", "backpack", "class 1", "street"))
