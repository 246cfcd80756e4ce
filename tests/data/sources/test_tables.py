"""Rows of tables reach the photograph they are about, and a table that cannot be understood is refused by its line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.sample import Box
from auxseg.data.sources.name_matching import Photographs
from auxseg.data.sources.tables import Labels, describe_labels, read_boxes, read_labels, read_table, to_labels
from auxseg.errors import InputError

PHOTOGRAPHS = Photographs(["a", "b", "more/c"])


def labels(folder: Path, text: str) -> dict[str, Labels]:
    path = folder / "labels.csv"
    path.write_bytes(text.encode())
    return read_labels(path, PHOTOGRAPHS)


def boxes(folder: Path, text: str) -> dict[str, list[Box]]:
    path = folder / "boxes.csv"
    path.write_bytes(text.encode())
    return read_boxes(path, PHOTOGRAPHS)


def test_a_table_that_is_not_there_has_no_rows(tmp_path):
    assert read_labels(tmp_path / "labels.csv", PHOTOGRAPHS) == {}
    assert read_boxes(tmp_path / "boxes.csv", PHOTOGRAPHS) == {}


def test_columns_are_kinds_of_label_and_empty_cells_are_missing_labels(tmp_path):
    assert labels(
        tmp_path, "id,species,group,breed,split\na,cat,one,Bengal,train\nb,,,pug,\nmore/c, dog ,,,test\n"
    ) == {
        "a": Labels({"species": "cat", "breed": "Bengal"}, "one", "train"),
        "b": Labels({"breed": "pug"}, None, None),
        "more/c": Labels({"species": "dog"}, None, "test"),
    }


@pytest.mark.parametrize("split", ["train", "val", "test", "trainval"])
def test_every_official_split_may_be_named(tmp_path, split):
    assert labels(tmp_path, f"id,split\na,{split}\n")["a"].split == split


@pytest.mark.parametrize(
    ("file", "id"),
    [
        ("a.png", "a"),
        ("A.JPG", "a"),
        ("images/a.png", "a"),
        ("images\\more\\c.png", "more/c"),
        ("c.png", "more/c"),
        ("gone.v2.png", "gone.v2"),
        ("some/where/gone.png", "gone"),
        ("some\\where\\gone.png", "gone"),
    ],
)
def test_rows_may_name_files_whatever_way_they_say_it(tmp_path, file, id):
    """One that is of no photograph keeps its name, to be told of as a label without a picture."""
    assert (
        list(labels(tmp_path, f"file,kind\na.png,x\n{file},y\n" if id != "a" else f"file,kind\n{file},y\n"))[-1] == id
    )


def test_an_id_is_not_cut_at_a_dot(tmp_path):
    assert set(labels(tmp_path, "id,kind\na,x\ngone.v2,y\nsome/gone.png,z\n")) == {"a", "gone.v2", "some/gone.png"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_tables_of_every_system_are_read(tmp_path, end, mark):
    assert labels(tmp_path, mark + f"id,kind{end}a,x{end}{end}b,y")["b"].classes == {"kind": "y"}


def test_empty_rows_of_spreadsheets_are_passed_over(tmp_path):
    assert set(labels(tmp_path, "id,kind\n\na,x\n,\n , \nb,y\n,\n")) == {"a", "b"}


@settings(max_examples=40)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(',"\n\u2028\x85\x0b'), max_size=8),
        min_size=1,
        max_size=4,
    )
)
def test_cells_come_back_as_csv_wrote_them(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("table") / "labels.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "kind"], *([f"{index}", name] for index, name in enumerate(names))])
    found = read_labels(path, Photographs(map(str, range(len(names)))))
    expected = [{"kind": name.strip()} if name.strip() else {} for name in names]
    assert [found[str(index)].classes for index in range(len(names))] == expected


def test_a_line_break_in_a_cell_is_kept_and_the_lines_after_it_are_counted_right(tmp_path):
    assert labels(tmp_path, 'id,kind\na,"long\nhaired"\n')["a"].classes == {"kind": "long\nhaired"}
    with pytest.raises(InputError, match=r"labels\.csv, line 4: a is listed twice"):
        labels(tmp_path, 'id,kind\na,"long\nhaired"\na,x\n')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", r"should start with a header of different names, with 'id' or 'file' first, not \[\]"),
        ("name,species\na,cat\n", r"'id' or 'file' first, not \['name', 'species'\]"),
        ("id,kind,kind\n", r"should start with a header of different names"),
        ("id,kind,\n", r"should start with a header of different names"),
        ("id,kind\na\n", r"labels\.csv, line 2: expected 2 cells, found 1"),
        ("id,kind\na,x\nb,y,z\n", r"labels\.csv, line 3: expected 2 cells, found 3"),
        ("id,kind\na,x\n\na,y\n", r"labels\.csv, line 4: a is listed twice"),
        ("file,kind\na.png,x\nA.jpg,y\n", r"labels\.csv, line 3: a is listed twice"),
        ("id,split\na,training\n", r"line 2: split should be one of train, val, test, trainval, not 'training'"),
        ("id,mask\na,x\n", r"labels\.csv: a kind of label may not be called 'mask'"),
        ("id,box\na,x\n", r"labels\.csv: a kind of label may not be called 'box'"),
        ('id,kind\na,"x\n', r"labels\.csv cannot be read as a table: unexpected end of data"),
        ("id,kind\nx,1\ny,2\n", r"no row of .*labels\.csv fits any image; the first row is for 'x', .* is 'a'"),
    ],
)
def test_tables_that_cannot_be_understood_are_refused(tmp_path, text, reason):
    with pytest.raises(InputError, match=reason):
        labels(tmp_path, text)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"id,kind\na,caf\xe9\n"])
def test_a_table_in_another_encoding_is_refused(tmp_path, content):
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"labels\.csv cannot be read as a table: .*utf-8"):
        read_labels(tmp_path / "labels.csv", PHOTOGRAPHS)
    (tmp_path / "boxes.csv").mkdir()
    with pytest.raises(InputError, match=r"boxes\.csv cannot be read as a table: .*[Dd]irectory"):
        read_boxes(tmp_path / "boxes.csv", PHOTOGRAPHS)


def test_strangers_beside_rows_that_fit_are_kept_and_without_photographs_nothing_is_said(tmp_path):
    assert set(labels(tmp_path, "id,kind\na,x\nstranger,y\n")) == {"a", "stranger"}
    assert set(read_labels(tmp_path / "labels.csv", Photographs([]))) == {"a", "stranger"}


def test_boxes_of_a_photograph_keep_their_order_and_their_names(tmp_path):
    found = boxes(
        tmp_path, "file,name,y0,x0,x1,y1,by\na.png,head,2,1,30,20,me\nb.png,,0,0,1,1,\na.png,ear,-5,5,8.5,9,\n"
    )
    assert found == {"a": [Box(1, 2, 30, 20, "head"), Box(5, -5, 8.5, 9, "ear")], "b": [Box(0, 0, 1, 1)]}
    assert boxes(tmp_path, "id,x0,y0,x1,y1\na,1,2,3,4\n") == {"a": [Box(1, 2, 3, 4, "")]}


@pytest.mark.parametrize("column", ["x0", "y0", "x1", "y1"])
def test_a_corner_that_is_missing_is_named(tmp_path, column):
    header = [each for each in ("id", "x0", "y0", "x1", "y1") if each != column]
    with pytest.raises(InputError, match=rf"boxes\.csv has no column '{column}'; its columns: {', '.join(header)}"):
        boxes(tmp_path, ",".join(header) + "\na,1,2,3\n")
    cells = {"id": "a", "x0": "1", "y0": "2", "x1": "3", "y1": "4"} | {column: "wide"}
    with pytest.raises(InputError, match=r"boxes\.csv, line 2: x0, y0, x1, y1 should be numbers of pixels: .*'wide'"):
        boxes(tmp_path, ",".join(cells) + "\n" + ",".join(cells.values()) + "\n")


def described(*names: str, kind: str = "breed") -> tuple[str, ...]:
    return describe_labels(Path("some/labels.csv"), [Labels({kind: name}, None, None) for name in names])


def test_names_that_differ_in_case_or_spaces_alone_are_doubted():
    assert set(described("pug", "Pug", "pug", "p ug", "big  dog", "Big dog")) == {
        "labels.csv: Pug, pug count as 2 classes of breed; spell them alike if they are one",
        "labels.csv: Big dog, big  dog count as 2 classes of breed; spell them alike if they are one",
    }


@pytest.mark.parametrize("name", ["nan", "NaN", "N/A", "na", "None", "NULL", "-", "?"])
def test_names_that_mean_nothing_are_doubted(name):
    assert described("pug", name) == (
        f"labels.csv: {name!r} counts as a class of breed; leave the cell empty where the label is missing",
    )


def test_names_of_different_kinds_may_be_alike():
    rows = [Labels({"breed": "pug"}, None, None), Labels({"name": "Pug"}, None, None)]
    assert describe_labels(Path("labels.csv"), rows) == ()
    assert described("nano", "not", "dash-") == ()


def test_rows_of_a_table_come_with_the_lines_where_they_end(tmp_path):
    path = tmp_path / "some.tsv"
    path.write_text('a\tb\n\n1\t"2\n3"\n\t\n x \t,\n')
    header, rows = read_table(path, "\t")
    assert (header, list(rows)) == (["a", "b"], [(4, ["1", "2\n3"]), (6, ["x", ","])])


def test_a_table_is_refused_where_a_row_is_ragged_or_it_is_too_large(tmp_path, monkeypatch):
    path = tmp_path / "some.csv"
    path.write_text("a,b\n1,2\n3\n")
    header, rows = read_table(path)
    assert (header, next(rows)) == (["a", "b"], (2, ["1", "2"]))
    with pytest.raises(InputError, match=r"some\.csv, line 3: expected 2 cells, found 1"):
        next(rows)
    monkeypatch.setattr("auxseg.data.sources.tables._MAX_BYTES", 9)
    with pytest.raises(InputError, match=r"some\.csv has over 9 bytes; divide the table"):
        read_table(path)


def test_a_row_without_group_or_split_has_classes_alone():
    assert to_labels(Path("a.csv"), "a.csv, line 2", {"kind": "x", "other": ""}) == Labels({"kind": "x"}, None, None)
    assert to_labels(Path("a.csv"), "a.csv, line 2", {"group": "", "split": "val"}) == Labels({}, None, "val")
