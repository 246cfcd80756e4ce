"""A table in Parquet gives the rows of the same table as CSV, and says what is wrong with others."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources.index import Index, parquet
from auxseg.data.sources.index.parquet import read_parquet, texts
from auxseg.data.sources.index.table import read_index
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.extras import EXTRAS
from tests.data.sources.index.tables import make

pyarrow = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

TEXT = (
    "image,mask,split,group,species,age,x0,y0,x1,y1\n"
    "pics/0.png,gt/0.png,train,a,oak,3,1,2,10,12\npics/1.png,,val,a,,2.5,,,,\npics/2.png,gt/2.png,test,,elm,,,,,\n"
)
COLUMNS: dict[str, list] = {
    "image": ["pics/0.png", "pics/1.png", "pics/2.png"],
    "mask": ["gt/0.png", None, "gt/2.png"],
    "split": ["train", "val", "test"],
    "group": ["a", "a", ""],
    "species": ["oak", None, " elm "],
    "age": [3.0, 2.5, float("nan")],
    **{corner: [value, None, None] for corner, value in zip(("x0", "y0", "x1", "y1"), (1, 2, 10, 12), strict=True)},
}


def write(path: Path, columns: dict, **settings) -> Path:
    pq.write_table(pyarrow.table(columns), path, **settings)
    return path


def test_rows_are_those_of_the_same_table_as_csv(tmp_path: Path) -> None:
    table = make(tmp_path, TEXT)
    found = read_index(write(tmp_path / "index.parquet", COLUMNS))
    assert found == read_index(table)
    categories = {**COLUMNS, "species": pyarrow.array(COLUMNS["species"]).dictionary_encode()}
    assert read_index(write(tmp_path / "index.pq", categories, row_group_size=2)) == found


def test_short_floating_point_numbers_have_their_own_digits() -> None:
    for kind in (pyarrow.float32(), pyarrow.float64()):
        assert texts(pyarrow.array([0.1, None, float("nan"), 2.0], kind)) == ["0.1", "", "", "2"]


def test_a_store_is_that_of_the_same_table_as_csv(tmp_path: Path) -> None:
    table = make(tmp_path, TEXT)
    write(tmp_path / "index.parquet", COLUMNS)
    hashes = {
        Store.open(prepare(Index(path), tmp_path / f"{path.suffix}.h5", size=32).path).content_hash
        for path in (table, tmp_path / "index.parquet")
    }
    assert len(hashes) == 1


def test_values_are_texts_as_a_csv_file_has_them(tmp_path: Path) -> None:
    columns = {
        "whole": [1, None, 2**60],
        "number": [0.5, 3.0, float("nan")],
        "flag": [True, False, None],
        "day": [datetime.date(2020, 1, 2), None, None],
        "nothing": [None, None, None],
        "__index_level_0__": [4, 5, 6],
    }
    header, rows = read_parquet(write(tmp_path / "a.parquet", columns))
    assert header == ["whole", "number", "flag", "day", "nothing"]
    assert list(rows) == [
        (1, ["1", "0.5", "True", "2020-01-02", ""]),
        (2, ["", "3", "False", "", ""]),
        (3, ["1152921504606846976", "", "", "", ""]),
    ]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"picture": ["a.png"]}, r"should start with a header of different names, one of them image, not picture"),
        ({"image": ["a.png", None]}, r"index\.parquet, row 2: the cell of the column image is empty"),
        ({"image": ["a.png", "a.png"], "x": [1, 2]}, r"index\.parquet, row 2: a is listed twice"),
        (
            {"image": ["a.png"], "split": ["dev"]},
            r"row 1: split should be one of train, val, test, trainval, not 'dev'",
        ),
        (
            {"image": ["a.png"], "bbox": [[1, 2, 3, 4]]},
            r"the column bbox holds list<.*>; cells should be texts or numbers",
        ),
        ({"image": [{"bytes": b"", "path": "a"}]}, r"the column image holds struct<.*>; cells should be texts"),
    ],
)
def test_tables_that_cannot_be_understood_are_refused(tmp_path: Path, columns: dict, reason: str) -> None:
    if "x" in columns:  # a row of nothing is passed over, others are not
        columns = {**columns, "image": [*columns["image"], None], "x": [1, 2, None]}
    elif columns.get("image") == ["a.png", None]:
        columns = {**columns, "x": [1, 2]}
    with pytest.raises(InputError, match=reason):
        read_index(write(tmp_path / "index.parquet", columns))


def test_a_file_that_is_cut_off_or_something_else_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "index.parquet", COLUMNS)
    content = path.read_bytes()
    for part in (content[: len(content) // 2], content[:3], b"", b"image\na.png\n"):
        path.write_bytes(part)
        with pytest.raises(InputError, match=r"index\.parquet cannot be read as a Parquet table: \S"):
            read_index(path)
    with pytest.raises(InputError, match=r"gone\.parquet does not exist"):
        read_index(tmp_path / "gone.parquet")


def test_damage_never_goes_by_another_name(tmp_path: Path) -> None:
    path, random = write(tmp_path / "index.parquet", COLUMNS), np.random.default_rng(0)
    content = path.read_bytes()
    for _ in range(60):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 3):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        try:
            read_index(path)
        except InputError as error:
            assert str(path) in str(error)  # noqa: PT017


def test_sizes_are_known_before_anything_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "index.parquet", {"image": [f"{number}.png" for number in range(1000)]})
    monkeypatch.setattr(parquet, "_MAX_CELLS", 999)
    with pytest.raises(InputError, match="1,000 rows of 1 cells; divide the table"):
        read_index(path)
    monkeypatch.setattr(parquet, "_MAX_BYTES", path.stat().st_size)
    with pytest.raises(InputError, match="unpacks to"):
        read_index(write(path, {"image": ["a" * 100_000 + "b" * 10]}))
    monkeypatch.setattr(parquet, "_MAX_BYTES", 10)
    with pytest.raises(InputError, match="has over 10 bytes"):
        read_index(path)


def test_what_is_to_be_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "parquet", ("no_such_module",))
    with pytest.raises(InputError, match=r"a table in Parquet needs .*pip install 'auxseg\[parquet\]'"):
        read_index(tmp_path / "not-there.parquet")
