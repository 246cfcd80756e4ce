"""Key points of a folder's table: what is read, and what is said of what cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.layers import PointsForm
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources import Folder
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.testing import check_source

HEADER = "id,nose_x,nose_y,left_eye_x,left_eye_y,left_eye_v,right_eye_x,right_eye_y,right_eye_v\n"
NAMES = ("nose", "left_eye", "right_eye")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for id in "abc":
        Image.fromarray(np.full((10, 20, 3), 9, np.uint8)).save(tmp_path / "images" / f"{id}.png")
    (tmp_path / "face.csv").write_text(HEADER + "a,1,2,3.5,4,1,20,10,2\nb,,,5,6,2,7,8,0\n")
    (tmp_path / "layers.yaml").write_text("face: {kind: points}\n")
    return tmp_path


def test_points_of_a_table_are_read(folder: Path) -> None:
    source = Folder(folder)
    check_source(source)
    assert source.layers == {"face": PointsForm(NAMES, (("left_eye", "right_eye"),))}
    assert source.remarks == ("face is 3 key points with 1 pair of left and right",)
    a, b, c = (source.read(item) for item in source.items())
    assert a.layers["face"].values.tolist() == [[1, 2, 2], [3.5, 4, 1], [20, 10, 2]]
    assert b.layers["face"].values.tolist() == [[0, 0, 0], [5, 6, 2], [0, 0, 0]]
    assert c.layers == {}
    assert a.dropped + b.dropped + c.dropped == ()


def test_a_store_keeps_them_at_its_size(folder: Path, tmp_path: Path) -> None:
    report = prepare(Folder(folder), tmp_path / "a.h5", size=40, resize="letterbox", split="100-0-0")
    store = Store.open(report.path)
    assert store.layers["face"].present.tolist() == [True, True, False]
    np.testing.assert_allclose(store.read_layers(0)["face"], [[2, 14, 2], [7, 18, 1], [40, 30, 2]])
    assert not store.read_layers(2)["face"].any()


def test_names_give_the_order_and_pairs_may_be_told(folder: Path) -> None:
    (folder / "layers.yaml").write_text("face: {kind: points, names: [right_eye, nose, left_eye], flip_pairs: []}")
    source = Folder(folder)
    assert source.layers == {"face": PointsForm(("right_eye", "nose", "left_eye"))}
    assert source.read(source.items()[0]).layers["face"].values.tolist() == [[20, 10, 2], [1, 2, 2], [3.5, 4, 1]]


def test_a_point_outside_is_named_and_not_known(folder: Path) -> None:
    (folder / "face.csv").write_text(HEADER + "a,1,2,21,4,1,,,\nb,-1,2,,,,,,\n")
    source = Folder(folder)
    a, b, _ = (source.read(item) for item in source.items())
    assert a.layers["face"].values.tolist() == [[1, 2, 2], [0, 0, 0], [0, 0, 0]]
    assert a.dropped == (
        "left_eye of its face at (21, 4) is not within the image of 20 x 10 pixels, so it is not known",
    )
    assert b.layers == {}
    assert len(b.dropped) == 1


def test_a_row_without_an_image_is_a_bad_sample(folder: Path, tmp_path: Path) -> None:
    with (folder / "face.csv").open("a") as file:
        file.write("z,1,1,,,,,,\n")
    report = prepare(Folder(folder), tmp_path / "a.h5", size=20, split="100-0-0")
    assert report.skipped == (("z", "it has labels, but no image in images/"),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, r"face.csv does not exist; it should hold the key points of the layer face"),
        ("id,nose_x,nose_y,nose_v\na,1,1,3\n", "line 2: nose: the visibility should be 0 .* not '3'"),
        ("id,nose_x,nose_y\na,1,\n", "line 2: nose: x and y should be numbers of pixels, not '1' and ''"),
        ("id,nose_x,nose_y\na,1,inf\n", "x and y should be numbers of pixels, not '1' and 'inf'"),
        ("id,nose_x,nose_y,nose_v\na,,,2\n", "x and y should be numbers of pixels, not '' and ''"),
        ("id,nose_x,nose_y\na,1,2\na,1,2\n", "line 3: a is listed twice"),
        ("id,nose_x\na,1\n", "has the column nose_x, but no column nose_y"),
        ("id,nose_x,nose_y,tail_y\na,1,2,3\n", "the column 'tail_y' belongs to no key point"),
        ("id,breed\na,pug\n", "the column 'breed' belongs to no key point"),
        ("id\na\n", "has no columns of key points"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(folder: Path, text: str | None, reason: str) -> None:
    (folder / "face.csv").unlink() if text is None else (folder / "face.csv").write_text(text)
    with pytest.raises(InputError, match=reason):
        Folder(folder)


def test_other_points_than_the_declared_ones_are_refused(folder: Path) -> None:
    (folder / "layers.yaml").write_text("face: {kind: points, names: [nose, left_eye]}")
    with pytest.raises(InputError, match=r"holds the points nose, left_eye, right_eye, but layers.yaml lists nose"):
        Folder(folder)


def test_tables_that_pandas_writes_are_read(folder: Path) -> None:
    (folder / "face.csv").write_text(HEADER + "a,1.0,2.0,3.5,4.0,1.0,nan,NaN,0.0\nb,nan,nan,5,6,2.0,nan,nan,nan\n")
    source = Folder(folder)
    a, b = (source.read(item).layers["face"].values.tolist() for item in source.items()[:2])
    assert a == [[1, 2, 2], [3.5, 4, 1], [0, 0, 0]]
    assert b == [[0, 0, 0], [5, 6, 2], [0, 0, 0]]
