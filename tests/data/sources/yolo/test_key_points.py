"""What a data.yaml says of key points is read as Ultralytics documents it, and what is wrong is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.data.sources.values import BadValue
from auxseg.data.sources.yolo.key_points import KeyPoints, read_key_points
from auxseg.data.sources.yolo.labels import Row, read_rows
from tests.data.sources.yolo.folders import HW

FACE = ["nose", "left_eye", "right_eye"]


def read(values: dict[str, object], *, with_names: bool = True) -> KeyPoints:
    found = read_key_points({"kpt_shape": [3, 3], **values}, 2, with_names=with_names)
    assert found is not None
    return found


def test_a_data_set_without_a_shape_has_none() -> None:
    assert read_key_points({"flip_idx": [0]}, 2, with_names=True) is None


@pytest.mark.parametrize(("dimensions", "columns"), [(2, 6), (3, 9), ("3", 9)])
def test_the_shape_says_how_many_numbers_there_are(dimensions: object, columns: int) -> None:
    assert read({"kpt_shape": [3, dimensions]}).num_columns == columns


def test_names_and_mirror_are_read_where_they_are_asked_for() -> None:
    assert read({"flip_idx": "?", "kpt_names": 3}, with_names=False) == KeyPoints(3, has_visibility=True)
    points = read({"flip_idx": [0, 2, 1]})
    assert (points.flip_pairs, points.is_named) == (((1, 2),), False)
    assert points.names == (("point_0", "point_1", "point_2"),) * 2
    assert read({}).flip_pairs is None
    assert read({"flip_idx": []}).flip_pairs is None
    assert read({"flip_idx": [0, 1, 2]}).flip_pairs == ()


@pytest.mark.parametrize("names", [{0: FACE}, {"1": FACE}, [FACE], [FACE, FACE], FACE, dict(enumerate(FACE))])
def test_names_are_those_of_each_class_or_of_all(names: object) -> None:
    assert read({"kpt_names": names}).names == (tuple(FACE),) * 2


def test_classes_may_have_names_of_their_own() -> None:
    assert read({"kpt_names": {0: FACE, 1: ["a", "b", "c"]}}).names == (tuple(FACE), ("a", "b", "c"))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"kpt_shape": [3]}, "kpt_shape should be the number of key points, .*, not a list of 1"),
        ({"kpt_shape": 3}, "kpt_shape should be .* not 3"),
        ({"kpt_shape": [0, 3]}, r"not \[0, 3\]"),
        ({"kpt_shape": [3, 4]}, r"not \[3, 4\]"),
        ({"kpt_shape": [257, 2]}, r"1 to 256, .* not \[257, 2\]"),
        ({"kpt_shape": [3.5, 2]}, r"kpt_shape\[0\] should be a whole number"),
        ({"flip_idx": [0, 1]}, "flip_idx should list an index for each of the 3 key points, not a list of 2"),
        ({"flip_idx": [0, 1, 3]}, "flip_idx holds 3, but the indices of its points are 0 to 2"),
        ({"flip_idx": [1, 2, 0]}, "flip_idx says that point 0 changes places with 1, but 1 with 2"),
        ({"flip_idx": [0, 0, 0]}, "flip_idx says that point 1 changes places with 0, but 0 with 0"),
        ({"flip_idx": ["a", 1, 2]}, "each of flip_idx should be a whole number"),
        ({"kpt_names": {0: FACE[:2]}}, "kpt_names should list the 3 names .*, not a list of 2; correct it, or leave"),
        ({"kpt_names": {0: "cat"}}, "kpt_names should list the 3 names"),
        ({"kpt_names": {"face": FACE}}, "a class of kpt_names should be a whole number, not 'face'"),
        ({"kpt_names": "nose"}, "kpt_names should be the names of the key points by class, not 'nose'"),
        ({"kpt_names": [["a", "b", True]]}, "each of kpt_names should be a text, not True"),
    ],
)
def test_what_is_wrong_is_said(values: dict[str, object], reason: str) -> None:
    with pytest.raises(BadValue, match=reason):
        read(values)


def rows(folder: Path, text: str, *, has_visibility: bool) -> tuple[list[Row], list[str]]:
    (folder / "a.txt").write_text(text)
    return read_rows(folder / "a.txt", KeyPoints(2, has_visibility))


def test_rows_are_boxes_with_points_or_alone(tmp_path: Path) -> None:
    found, faults = rows(tmp_path, "0 0.5 0.5 0.25 0.5 0.25 0.5 2.000 0.5 0.25 1\n1 0.5 0.5 1 1", has_visibility=True)
    assert faults == []
    assert [row.is_outline for row in found] == [False, False]
    height, width = HW
    first = found[0].to_object(HW, 2)
    assert first.box == (24, 8, 16, 16)
    assert first.points == [width / 4 - 0.5, height / 2 - 0.5, 2, width / 2 - 0.5, height / 4 - 0.5, 1]
    assert found[1].to_object(HW, 2).points is None


@pytest.mark.parametrize("unknown", ["0 0", "-1 -1", "0.5 -0.01"])
def test_points_without_a_visibility_are_seen_or_not_known(tmp_path: Path, unknown: str) -> None:
    found, faults = rows(tmp_path, f"0 0.5 0.5 0.25 0.5 {unknown} 0.5 0", has_visibility=False)
    assert faults == []
    assert found[0].points == ((0, 0, 0), (0.5, 0, 2))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0 0.5 0.5 0.25 0.5 0.1 0.1 2 0.1 0.1", "box, alone or with the 6 of 2 key points, not 9 numbers"),
        ("0 0.1 0.1 0.2 0.1 0.2 0.2", "not 6 numbers"),
        ("0 0.5 0.5 0.25 0.5 0.1 0.1 3 0.1 0.1 2", "the visibility of a key point should be 0, 1 or 2, not 3"),
        ("0 0.5 0.5 0.25 0.5 20 10 2 0.1 0.1 2", "coordinates should be shares .*, not 20"),
        ("0 0.5 0.5 0.25 0.5 nan 0.1 2 0.1 0.1 2", "a coordinate should be a finite number"),
    ],
)
def test_a_row_that_is_wrong_says_why(tmp_path: Path, text: str, reason: str) -> None:
    found, faults = rows(tmp_path, text, has_visibility=True)
    assert found == []
    with pytest.raises(ValueError, match=rf"^a\.txt, line 1: .*{reason}"):
        raise ValueError(faults[0])


def test_the_place_of_a_point_that_is_not_known_may_be_anything(tmp_path: Path) -> None:
    found, faults = rows(tmp_path, "0 0.5 0.5 0.25 0.5 99 -99 0 0.5 0.5 1", has_visibility=True)
    assert (faults, found[0].points[0]) == ([], (0, 0, 0))
