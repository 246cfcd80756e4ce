"""per_image.csv: nothing in it is a formula, and everything comes back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.errors import InputError
from auxseg.records.table import read_per_image, write_table

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(names=st.lists(st.one_of(TEXTS, st.from_regex(r"'{0,2}[=+@\t\r-]\w*", fullmatch=True)), min_size=1))
def test_every_text_comes_back_and_none_is_a_formula(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    run = tmp_path_factory.getbasetemp() / "table"
    run.mkdir(exist_ok=True)
    text = write_table({"id": names, "a.iou": [-0.5] * len(names)})
    (run / "per_image.csv").write_bytes(text.encode())
    table = read_per_image(run)
    assert table.ids == tuple(names)
    assert table.numbers == {"a.iou": (-0.5,) * len(names)}
    for name, value in list(csv.reader(io.StringIO(text, newline="")))[1:]:
        assert not name.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert value == "-0.5"


def test_numbers_stay_numbers_and_formulas_get_an_apostrophe() -> None:
    columns = {"id": ["=1+1", "'=x", "dog"], "@box": [-1, 1e-7, None], "name": ["-cat", "+", "a=b"]}
    assert write_table(columns).splitlines() == ["id,'@box,name", "'=1+1,-1,'-cat", "''=x,1e-07,'+", "dog,,a=b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,a\n1\n", "row 1 has 1 cells, expected 2"),
        ("id,a\n1,2,3\n", "row 1 has 3 cells, expected 2"),
        ("id,id\n1,2\n", "a column occurs twice"),
        ('id,a\n"1,2\n', "expected a table"),
        ("id,a\n" + "x" * 200_000 + ",1\n", "expected a table"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "per_image.csv").write_text(text)
    with pytest.raises(InputError, match=rf"per_image\.csv: .*{said}.*evaluate the run again"):
        read_per_image(tmp_path)


def test_no_table_and_an_empty_one_have_no_images(tmp_path: Path) -> None:
    assert read_per_image(tmp_path).ids == ()
    (tmp_path / "per_image.csv").write_text("id,a\n\n")
    assert (read_per_image(tmp_path).ids, read_per_image(tmp_path).numbers) == ((), {"a": ()})
