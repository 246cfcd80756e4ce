"""Key points of COCO's objects as a layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auxseg.data.layers import PointsForm
from auxseg.data.sources import Coco, open_source
from auxseg.data.sources.coco.points import SEVERAL
from auxseg.errors import InputError

NAMES = ["nose", "left_eye", "right_eye"]


def _object(id: int, category: int, box: list[float] | None, points: Any, **more: object) -> dict[str, Any]:
    return {"id": id, "image_id": 1, "category_id": category, "bbox": box, "keypoints": points, **more}


@pytest.fixture
def content(tmp_path: Path) -> dict[str, Any]:
    Image.fromarray(np.full((20, 30, 3), 9, np.uint8)).save(tmp_path / "a.png")
    return {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [
            _object(1, 7, [0, 0, 5, 5], [1, 1, 2, 0, 0, 0, 2, 2, 1]),
            _object(2, 7, [5, 5, 20, 10], [6, 7, 2, 29, 19, 1, 0, 0, 0]),
            _object(3, 9, [0, 0, 30, 20], None),
            _object(4, 7, [0, 0, 30, 20], [1, 1, 2] * 3, iscrowd=1),
            _object(5, 7, [0, 0, 30, 20], [0] * 9),
        ],
        "categories": [{"id": 7, "name": "dog", "keypoints": NAMES}, {"id": 9, "name": "tree"}],
    }


def _read(tmp_path: Path, content: dict[str, Any]):
    (tmp_path / "a.json").write_text(json.dumps(content))
    source = open_source("coco", tmp_path / "a.json", layers=("points",))
    return source, source.read(source.items()[0])


def test_the_points_of_the_largest_object_are_kept_in_the_middle_of_their_pixels(tmp_path: Path, content) -> None:
    source, sample = _read(tmp_path, content)
    assert source.layers == {"points": PointsForm(tuple(NAMES), (("left_eye", "right_eye"),))}
    assert sample.layers["points"].values.tolist() == [[6.5, 7.5, 2], [29.5, 19.5, 1], [0, 0, 0]]
    assert SEVERAL in sample.notes
    content["annotations"][1]["bbox"] = None  # then by the box around its points
    assert _read(tmp_path, content)[1].layers["points"].values[0].tolist() == [6.5, 7.5, 2]


def test_an_image_without_points_lacks_the_layer_and_nothing_is_said(tmp_path: Path, content) -> None:
    content["annotations"] = content["annotations"][2:]
    _, sample = _read(tmp_path, content)
    assert "points" not in sample.layers
    assert sample.dropped == ()
    assert SEVERAL not in sample.notes


def test_a_point_outside_is_named_and_not_known(tmp_path: Path, content) -> None:
    content["annotations"][1]["keypoints"][3] = 31
    _, sample = _read(tmp_path, content)
    assert sample.layers["points"].values[1].tolist() == [0, 0, 0]
    assert any("left_eye of its points at (31.5, 19.5) is not within" in reason for reason in sample.dropped)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([1, 1, 3] * 3, "the visibility of nose should be 0, 1 or 2, not 3"),
        ([1, 1], "keypoints should be a list of 9 numbers, not a list of 2"),
        ("x", "keypoints should be a list of 9 numbers, not 'x'"),
        ([1, "?", 2] * 3, "y of nose should be a finite number"),
    ],
)
def test_points_that_make_no_sense_leave_those_of_the_image_unknown(tmp_path: Path, content, points, reason) -> None:
    content["annotations"][0]["keypoints"] = points
    _, sample = _read(tmp_path, content)
    assert "points" not in sample.layers
    assert any("the key points of object 1: " + reason in said for said in sample.dropped)


def test_lists_that_differ_and_none_at_all_are_refused(tmp_path: Path, content) -> None:
    content["categories"][1]["keypoints"] = ["crown"]
    with pytest.raises(InputError, match=r"different key points, 3 .nose, left_eye, .* and 1 .crown"):
        _read(tmp_path, content)
    for category in content["categories"]:
        category.pop("keypoints")
    with pytest.raises(InputError, match="no category names key points"):
        _read(tmp_path, content)
    content["categories"][0]["keypoints"] = "nose"
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert not Coco(tmp_path / "a.json").layers  # nobody asked for them
    with pytest.raises(InputError, match="should be a list of names, not 'nose'"):
        _read(tmp_path, content)


def test_two_files_with_other_points_are_refused(tmp_path: Path, content) -> None:
    (tmp_path / "a.json").write_text(json.dumps(content))
    content["categories"][0]["keypoints"] = NAMES[:2]
    content["images"][0]["id"] = 2
    content["annotations"] = []
    (tmp_path / "b.json").write_text(json.dumps(content))
    files = {"train": tmp_path / "a.json", "val": tmp_path / "b.json"}
    assert not Coco(tmp_path, annotations=files).layers
    with pytest.raises(InputError, match="two categories have different key points"):
        Coco(tmp_path, annotations=files, layers=("points",))


def test_a_box_without_an_area_does_not_make_an_object_large(tmp_path: Path, content) -> None:
    content["annotations"][0]["bbox"] = [5, 5, -100, -100]
    _, sample = _read(tmp_path, content)
    assert sample.layers["points"].values[0].tolist() == [6.5, 7.5, 2]


def test_pairs_that_the_file_tells_are_taken(tmp_path: Path, content) -> None:
    category, other = content["categories"]
    category["flip_pairs"] = [["nose", "left_eye"]]
    assert _read(tmp_path, content)[0].layers == {"points": PointsForm(tuple(NAMES), (("nose", "left_eye"),))}
    other |= {"keypoints": NAMES, "flip_pairs": [["left_eye", "nose"]]}
    form = _read(tmp_path, content)[0].layers["points"]
    assert isinstance(form, PointsForm)
    assert form.partners == [1, 0, 2]
    other["flip_pairs"] = []
    with pytest.raises(InputError, match="two categories have different flip_pairs"):
        _read(tmp_path, content)


def test_pairs_may_be_indices_from_zero(tmp_path: Path, content) -> None:
    content["categories"][0]["flip_pairs"] = [[2, 0]]
    content["categories"][1] |= {"keypoints": NAMES, "flip_pairs": [["nose", "right_eye"]]}
    form = _read(tmp_path, content)[0].layers["points"]
    assert isinstance(form, PointsForm)
    assert form.partners == [2, 1, 0]


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([[1, 3]], "flip_pairs holds 3, but the indices of its points are 0 to 2"),
        ([[-1, 0]], "flip_pairs holds -1, but"),
        ([[0, 1], [1, 2]], "flip_pairs holds 'left_eye' twice"),
        ([[1, 1]], "flip_pairs should be a list of pairs of two different names"),
        ([[0, 1, 2]], "flip_pairs should be a list of pairs of two different names"),
        ([0, 1], "flip_pairs should be a list of pairs of two different names"),
        ([[True, False]], "flip_pairs should be a list of pairs of two different names"),
        ("nose", "flip_pairs should be a list of pairs of two different names"),
        ([["nose", "tail"]], "flip_pairs holds 'tail', which is none of its points"),
    ],
)
def test_pairs_that_are_none_are_refused(tmp_path: Path, content, pairs, reason) -> None:
    content["categories"][0]["flip_pairs"] = pairs
    with pytest.raises(InputError, match=f"layers: the key points of the categories cannot be kept: {reason}"):
        _read(tmp_path, content)


def test_a_number_that_is_an_index_and_a_name_is_refused(tmp_path: Path, content) -> None:
    content["categories"][0] |= {"keypoints": ["1", "2", "3"], "flip_pairs": [[1, 2]]}
    with pytest.raises(InputError, match="flip_pairs holds 1, which is an index and also a name"):
        _read(tmp_path, content)
    content["categories"][0] |= {"keypoints": [0, 1, 2]}  # where both mean the same point
    assert _read(tmp_path, content)[0].layers["points"] == PointsForm(("0", "1", "2"), (("1", "2"),))
