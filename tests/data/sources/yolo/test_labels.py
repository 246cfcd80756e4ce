"""Rows become boxes and outlines in pixels, and one that is wrong says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.data.sources.yolo.labels import Row, has_outline, read_rows
from tests.data.sources.yolo.folders import BOX, HW, SQUARE


def read(folder: Path, text: str | bytes) -> tuple[list[Row], list[str]]:
    path = folder / "a.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_rows(path)


def test_rows_are_boxes_or_outlines(tmp_path: Path) -> None:
    rows, faults = read(tmp_path, f"1 0.5 0.5 0.25 0.5\n\n0.0 {SQUARE}\n")
    assert faults == []
    box, outline = (row.to_object(HW, 2) for row in rows)
    assert (box.id, box.category, box.outline, box.box) == ("in line 1", 1, None, (24, 8, 16, 16))
    assert (outline.id, outline.category) == ("in line 3", 0)
    assert outline.outline == [[16, 8, 32, 8, 32, 24, 16, 24]]
    assert outline.box == (16, 8, 16, 16)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=8),
    st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
)
def test_the_box_of_an_outline_bounds_all_its_points(points: list[tuple[float, float]], hw: tuple[int, int]) -> None:
    made = Row("", 0, tuple(value for point in points for value in point)).to_object(hw, 1)
    assert made.box is not None
    x0, y0, width, height = made.box
    assert (x0, y0) == (min(x for x, _ in points) * hw[1], min(y for _, y in points) * hw[0])
    assert x0 + width == pytest.approx(max(x for x, _ in points) * hw[1], abs=1e-9)
    assert y0 + height == pytest.approx(max(y for _, y in points) * hw[0], abs=1e-9)


def test_a_class_beyond_the_names_is_known_of_as_such(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, f"1 {SQUARE}\n2 {SQUARE}\n")
    assert [row.to_object(HW, 2).fault for row in rows] == ["", "its class 2 is beyond the 2 names"]


def test_no_file_and_an_empty_one_hold_no_rows(tmp_path: Path) -> None:
    assert read_rows(tmp_path / "gone.txt") == ([], [])
    assert read(tmp_path, "\ufeff \r\n\n") == ([], [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("cat 0.5 0.5 0.1 0.1", "the class should be a whole number, not 'cat'"),
        ("-1 0.5 0.5 0.1 0.1", "the class should be 0 or more, not -1"),
        ("1.5 0.5 0.5 0.1 0.1", "the class should be a whole number, not '1.5'"),
        ("0", "behind the class should be the 4 numbers of a box or the pairs of an outline .*, not 0 numbers"),
        ("0 0.1 0.1 0.1", "not 3 numbers"),
        ("0 0.5 0.5 0.1 0.1 0.9", "not 5 numbers"),
        (f"0 {SQUARE} 0.5", "not 9 numbers"),
        ("0 0.5 nan 0.1 0.1", "a coordinate should be a finite number, not 'nan'"),
        ("0 0.5 inf 0.1 0.1", "not 'inf'"),
        ("0 0.5 1e400 0.1 0.1", "not '1e400'"),
        ("0 0.5 0,5 0.1 0.1", "not '0,5'"),
        ("0 0.5 0.5 0 0.1", "the width and height of a box should be above 0"),
        ("0 0.5 0.5 0.1 -0.1", "the width and height of a box should be above 0"),
        ("0 240 0.5 0.1 0.1", "coordinates should be shares of the image's width and height, 0 to 1, not 239.95"),
        ("0 0.5 0.5 40 0.1", "0 to 1, not -19.5"),
        ("0 0.1 0.1 0.2 0.1 0.2 2.5", "0 to 1, not 2.5"),
    ],
)
def test_a_row_that_is_wrong_says_why_and_costs_no_other(tmp_path: Path, line: str, reason: str) -> None:
    rows, faults = read(tmp_path, f"1 {SQUARE}\n{line}\n")
    assert [row.name for row in rows] == ["in line 1"]
    (fault,) = faults
    with pytest.raises(ValueError, match=rf"^a\.txt, line 2: .*{reason}"):
        raise ValueError(fault)


@pytest.mark.parametrize("line", ["0 1 1 0.5 0.5", "0 -0.2 0.1 0.5 1.2 1.4 0.5"])
def test_what_reaches_out_of_the_image_is_taken(tmp_path: Path, line: str) -> None:
    rows, faults = read(tmp_path, line)
    assert (len(rows), faults) == (1, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        (BOX, False),
        (f"{BOX}\n\n0 {SQUARE}", True),
        (f"0 {SQUARE} 0.5", False),
        ("some words of no meaning at all", False),
    ],
)
def test_outlines_are_found(tmp_path: Path, text: str, expected: bool) -> None:
    rows, _ = read(tmp_path, text)
    assert has_outline(tmp_path / "a.txt") == any(row.is_outline for row in rows) == expected
    assert not has_outline(tmp_path / "gone.txt")
    assert not has_outline(tmp_path)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(tmp_path, b"\xff\xfe\x00")[1][0].startswith("the labels in a.txt cannot be read: 'utf-8'")
    (tmp_path / "folder.txt").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "link.txt").symlink_to("nowhere")
    for name in ("folder.txt", "pipe.txt", "link.txt"):
        assert read_rows(tmp_path / name) == ([], [f"the labels in {name} cannot be read: it is no regular file"])
    monkeypatch.setattr("auxseg.data.sources.yolo.labels._MAX_BYTES", 8)
    assert read(tmp_path, "0 0.5 0.5 0.1 0.1") == ([], ["the labels in a.txt cannot be read: it has over 8 bytes"])


_CELLS = st.sampled_from(
    ["0", "1", "0.5", "-1", "2.0", "1e308", "nan", "x", "\0", "٣", "0x1", "1_0", "9" * 400, "-0.0"]
)
_TEXTS = st.lists(st.lists(_CELLS, max_size=10).map(" ".join), max_size=4).map("\n".join) | st.text(max_size=80)


@given(_TEXTS)
def test_any_text_is_rows_and_faults(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    rows, faults = read(tmp_path_factory.mktemp("labels"), text.encode("utf-8", "surrogatepass"))
    for row in rows:
        made = row.to_object(HW, 1)
        assert made.box is not None
        assert all(abs(value) <= 3 * max(HW) for value in made.box)
        assert row.is_outline == (made.outline is not None)
    num_lines = sum(bool(line.split()) for line in text.removeprefix("\ufeff").splitlines())
    assert len(rows) + len(faults) == num_lines or faults[0].startswith("the labels in a.txt cannot be read")
