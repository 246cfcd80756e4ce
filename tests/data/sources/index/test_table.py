"""Rows are samples by id, and a table that cannot be understood is refused by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.data.sample import Box
from auxseg.data.sources.index.table import Row, read_index
from auxseg.data.sources.tables import Labels
from auxseg.errors import InputError


def rows(folder: Path, text: str, name: str = "index.csv") -> dict[str, Row]:
    (folder / name).write_bytes(text.encode())
    return read_index(folder / name)


def test_every_column_has_its_meaning(tmp_path: Path) -> None:
    text = "breed,mask,image,x0,y0,x1,y1,split,group,id\npug,m/a.png,i/a.jpg,1,2,3.5,4,val,one,first\n,,b.jpg,,,,,,,\n"
    assert rows(tmp_path, text) == {
        "first": Row(
            tmp_path / "i/a.jpg", tmp_path / "m/a.png", Box(1, 2, 3.5, 4), Labels({"breed": "pug"}, "one", "val")
        ),
        "b": Row(tmp_path / "b.jpg", None, None, Labels({}, None, None)),
    }


@pytest.mark.parametrize(
    ("written", "id", "path"),
    [
        ("a.v2.jpg", "a.v2", "{}/a.v2.jpg"),
        ("./i/a.jpg", "i/a", "{}/i/a.jpg"),
        ("i\\a.jpg", "i/a", "{}/i/a.jpg"),
        ("../other/a.jpg", "other/a", "{}/../other/a.jpg"),
        ("/far/away/a.jpg", "far/away/a", "/far/away/a.jpg"),
        ("a\u0308.jpg", "\xe4", "{}/a\u0308.jpg"),
        ("..", "..", "{}/.."),
    ],
)
def test_ids_are_paths_without_suffix_and_paths_start_at_the_table(
    tmp_path: Path, written: str, id: str, path: str
) -> None:
    assert {key: row.image for key, row in rows(tmp_path, f"image\n{written}\n").items()} == {
        id: Path(path.format(tmp_path))
    }


@pytest.mark.parametrize("name", ["index.tsv", "index.TAB"])
def test_tabs_may_be_between_cells(tmp_path: Path, name: str) -> None:
    (row,) = rows(tmp_path, "image\tkind\na, b.jpg\tx\n", name).values()
    assert (row.image, row.labels.classes) == (tmp_path / "a, b.jpg", {"kind": "x"})


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ("1,2,3,wide", "its box: y1 should be a finite number, not 'wide'"),
        ("1,,3,4", "its box: y0 should be a finite number, not ''"),
        ("nan,2,3,4", "its box: x0 should be a finite number, not 'nan'"),
        ("1,2,1e999,4", "its box: x1 should be a finite number, not '1e999'"),
    ],
)
def test_a_box_that_is_wrong_costs_itself(tmp_path: Path, cells: str, fault: str) -> None:
    row = rows(tmp_path, f"image,x0,y0,x1,y1\na.jpg,{cells}\n")["a"]
    assert (row.box, row.box_fault) == (None, fault)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "should start with a header of different names, one of them image, not empty"),
        ("file,mask\n", "one of them image, not file, mask"),
        ("image;mask\n", "one of them image, not image;mask"),
        ("image,image\n", "a header of different names"),
        ("image,\n", "a header of different names"),
        ("image,x0,y0,x1\n", r"has no column 'y1'; a box needs x0, y0, x1, y1"),
        ("image,mask\na.jpg\n", r"index\.csv, line 2: expected 2 cells, found 1"),
        ("image,mask\n,m.png\n", r"index\.csv, line 2: the cell of the column image is empty"),
        ("image\na.jpg\n\na.png\n", r"index\.csv, line 4: a is listed twice; a column id may tell them apart"),
        ("image,id\na.jpg,x\nb.jpg,x\n", r"index\.csv, line 3: x is listed twice; give each row an id of its own"),
        (
            "image,split\na.jpg,dev\n",
            r"index\.csv, line 2: split should be one of train, val, test, trainval, not 'dev'",
        ),
        ("image,box\na.jpg,x\n", r"index\.csv: a kind of label may not be called 'box'"),
        ('image\n"a.jpg\n', r"index\.csv cannot be read as a table: unexpected end of data"),
    ],
)
def test_tables_that_cannot_be_understood_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        rows(tmp_path, text)


@pytest.mark.parametrize("name", ["index.json", "index", "index.xlsx"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        InputError, match=rf"{name} should be a table of paths, with commas \(\.csv\) or tabs \(\.tsv\)"
    ):
        rows(tmp_path, "image\n", name)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match=r"folder\.csv should be a table of paths"):
        read_index(tmp_path / "folder.csv")
