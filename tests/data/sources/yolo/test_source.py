"""A YOLO data set gives the masks and boxes that COCO gives for the same objects, by Ultralytics' rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auxseg.data.layers import PointsForm
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE, Box, Sample
from auxseg.data.sources import Coco, Yolo
from auxseg.data.sources.source import Item, SampleError
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.testing import check_source
from tests.data.damage import mutations, read_all
from tests.data.pictures import hashes
from tests.data.sources.yolo.folders import BOX, HW, SQUARE, make, picture


def read(folder: Path, id: str = "train/a", **options: str) -> Sample:
    source = Yolo(folder, **options)
    return source.read(next(item for item in source.items() if item.id == id))


def expected(*rectangles: tuple[int, int, int, int, int]) -> np.ndarray:
    """Rectangles x0, y0, x1, y1 of a value, one over the other."""
    mask = np.zeros(HW, np.uint8)
    for x0, y0, x1, y1, value in rectangles:
        mask[y0:y1, x0:x1] = value
    return mask


def test_outlines_become_a_mask_and_boxes(tmp_path):
    source = Yolo(make(tmp_path / "set", {"train/a": f"1 {SQUARE}\n", "val/b": f"0 {SQUARE}"}))
    assert source.items() == [Item("train/a", "train"), Item("val/b", "val")]
    assert (source.mask_classes, source.category_ids) == (("background", "cat", "dog"), (-1, 0, 1))
    sample = source.read(source.items()[0])
    np.testing.assert_array_equal(sample.mask, expected((16, 8, 32, 24, 2)))
    assert sample.boxes == (Box(16, 8, 32, 24, "dog"),)
    assert (sample.dropped, sample.notes) == ((), ())
    assert source.provenance() == {"name": "yolo", "path": "set"}


def test_touching_outlines_are_instances(tmp_path):
    beside = "1 0.5 0.25 0.75 0.25 0.75 0.75 0.5 0.75"
    data = make(tmp_path, {"train/a": f"1 {SQUARE}\n{beside}\n", "train/b": "-", "train/c": "0 0.5\n"})
    source = Yolo(data, layers=("instances",))
    first, empty, damaged = (source.read(item) for item in source.items())
    np.testing.assert_array_equal(first.mask, expected((16, 8, 48, 24, 2)))
    things = first.layers["instances"].values
    assert (things.dtype, len(np.unique(things[8:24, 16:32])), len(np.unique(things))) == (np.uint16, 1, 3)
    assert things[8, 31] != things[8, 32]
    assert not empty.layers["instances"].values.any()
    assert not damaged.layers


def test_instances_without_outlines_are_refused(tmp_path):
    data = make(tmp_path, {"train/a": BOX})
    with pytest.raises(InputError, match="no object has an outline, so there are no instances"):
        Yolo(data, layers=("instances",))


def test_boxes_alone_make_no_mask(tmp_path):
    data = make(tmp_path, {"train/a": f"{BOX}\n0 0.25 0.5 0.5 1\n", "train/b": "-"})
    assert read(data).mask is None
    assert read(data).boxes == (Box(24, 8, 40, 24, "dog"), Box(0, 0, 32, 32, "cat"))
    assert (read(data, "train/b").mask, read(data, "train/b").boxes) == (None, ())


def test_layers_hold_every_box_and_the_classes_that_occur(tmp_path):
    data = make(tmp_path, {"train/a": f"{BOX}\n0 0.25 0.5 0.5 1\n", "train/b": "-", "train/c": "0 0.5\n"})
    source = Yolo(data, layers=("boxes", "tags"))
    first, empty, damaged = (source.read(item) for item in source.items())
    assert first.layers["boxes"].values.tolist() == [[24, 8, 40, 24, 1, 0], [0, 0, 32, 32, 0, 0]]
    assert first.layers["tags"].values.tolist() == [1, 1]
    assert empty.layers["boxes"].values.shape == (0, 6)
    assert empty.layers["tags"].values.tolist() == [0, 0]
    assert not damaged.layers
    assert damaged.dropped
    assert not Yolo(data).layers


@pytest.mark.parametrize("text", ["-", "", "\n"])
def test_no_labels_are_background_where_others_have_outlines(tmp_path, text):
    source = Yolo(make(tmp_path, {"train/a": f"0 {SQUARE}", "train/b": text}))
    np.testing.assert_array_equal(source.read(source.items()[1]).mask, np.zeros(HW))
    said = "taken for background, because there is no file of labels: 1 image (train/b)"
    assert source.remarks == ((said,) if text == "-" else ())


def test_a_split_without_any_labels_is_unlabelled(tmp_path):
    source = Yolo(make(tmp_path, {"train/a": f"0 {SQUARE}", "val/b": "-", "val/c": "-"}))
    assert [source.read(item).mask is None for item in source.items()] == [False, True, True]
    assert source.remarks == ("no image of val has a file of labels, so it is unlabelled",)


def test_no_labels_at_all_are_refused(tmp_path):
    data = make(tmp_path, {"train/a": "-", "val/b": "-"})
    with pytest.raises(InputError, match=r"no image has labels; those of .*a\.png should be in .*labels/train/a\.txt$"):
        Yolo(data)


@pytest.mark.parametrize("turn", [1, -1])
def test_the_smaller_object_lies_above(tmp_path, turn):
    rows = [f"0 {SQUARE}", "1 0.375 0.25 0.75 0.25 0.75 1 0.375 1"]
    mask = read(make(tmp_path, {"train/a": "\n".join(rows[::turn])})).mask
    np.testing.assert_array_equal(mask, expected((24, 8, 48, 32, 2), (16, 8, 32, 24, 1)))


def test_a_box_among_outlines_is_ignored_in_the_mask(tmp_path):
    data = make(tmp_path, {"train/a": f"0 {SQUARE}\n{BOX}\n", "train/b": BOX})
    sample = read(data)
    np.testing.assert_array_equal(sample.mask, expected((24, 8, 40, 24, IGNORE), (16, 8, 32, 24, 1)))
    assert sample.dropped == ("object in line 2 has no outline; its box is ignored in the mask",)
    assert [box.name for box in sample.boxes] == ["cat", "dog"]
    other = read(data, "train/b")
    assert (other.mask, other.dropped) == (None, ("no mask: object in line 1 has no outline",))
    assert len(other.boxes) == 1


def test_an_unknown_class_is_ignored_where_it_lies(tmp_path):
    sample = read(make(tmp_path, {"train/a": f"2 {SQUARE}\n{BOX}\n0 0 0 0.25 0 0.25 0.25 0 0.25"}))
    assert sample.mask is not None
    assert sample.mask[10, 20] == IGNORE
    assert [box.name for box in sample.boxes] == ["dog", "cat"]
    assert "object in line 1: its class 2 is beyond the 2 names; its pixels are ignored, and so is its box" in (
        sample.dropped
    )


def test_a_row_that_cannot_be_used_costs_its_box_and_the_mask(tmp_path):
    data = make(tmp_path / "outlines", {"train/a": f"0 {SQUARE}\n1 x\n", "train/b": f"0 {SQUARE}"})
    sample = read(data)
    assert (sample.mask, len(sample.boxes)) == (None, 1)
    assert sample.dropped[0].startswith("no mask: a.txt, line 2: behind the class should be")
    assert read(data, "train/b").mask is not None
    boxes = read(make(tmp_path / "boxes", {"train/a": f"{BOX}\n1 x\n"}))
    assert (len(boxes.boxes), boxes.dropped[0][:14]) == (1, "a.txt, line 2:")


def test_a_broken_row_that_looks_like_an_outline_makes_no_masks(tmp_path):
    assert read(make(tmp_path, {"train/a": BOX, "train/b": "0 some words that are no numbers"})).mask is None


@pytest.mark.parametrize(("exif", "hw"), [("auto", (64, 32)), ("apply", (64, 32)), ("ignore", (32, 64))])
def test_shares_are_of_the_image_as_it_is_turned(tmp_path, exif, hw):
    data = make(tmp_path, {"train/a": f"0 {SQUARE}"})
    path, tag = data / "images/train/a.png", Image.Exif()
    tag[0x0112] = 6
    Image.open(path).save(path, exif=tag)
    sample = read(data, exif=exif)
    assert sample.image.shape[:2] == hw
    assert sample.boxes == (Box(hw[1] / 4, hw[0] / 4, hw[1] / 2, hw[0] * 3 / 4, "cat"),)
    assert sample.orientation.is_decided


def test_an_image_that_does_not_exist_is_a_bad_sample(tmp_path):
    data = make(tmp_path, {"train/a": f"0 {SQUARE}"}, "train: train.txt\n")
    (data / "train.txt").write_text("images/train/a.png\nimages/train/gone.png\n")
    source = Yolo(data)
    with pytest.raises(SampleError, match=r"^gone\.png does not exist$"):
        source.read(source.items()[1])
    assert source.remarks == ()


def test_it_keeps_the_contract_of_a_source(tmp_path):
    labels = {"train/a": f"0 {SQUARE}", "train/b c": "", "val/ä'$": f"1 {SQUARE}\n{BOX}", "val/d": "x"}
    data = make(tmp_path, labels)
    check_source(Yolo(data), unlabelled={"val/d": ["mask", "boxes"], "train/b c": ["boxes"]}, folder=data)


def test_a_store_is_made_and_nothing_is_written_or_run(tmp_path):
    hook = "download: |\n  import pathlib\n  pathlib.Path('run').touch()\n"
    labels = {f"train/{number}": f"{number % 2} {SQUARE}" for number in range(4)}
    data = make(tmp_path / "set", labels | {"val/a": f"1 {SQUARE}"}, hook)
    before = hashes(data)
    store = Store.open(prepare(Yolo(data), tmp_path / "out.h5", size=32, processes=2).path)
    assert hashes(data) == before
    assert not Path("run").exists()
    assert sorted(store.ids.tolist()) == sorted([*labels, "val/a"])
    assert store.has_mask.all()


_POINTS = st.lists(st.tuples(st.integers(-8, 72), st.integers(-8, 40)), min_size=3, max_size=6)
_OBJECTS = st.lists(st.tuples(st.integers(0, 1), _POINTS), max_size=4)


@settings(max_examples=25, deadline=None)
@given(_OBJECTS)
def test_the_mask_is_that_of_coco(tmp_path_factory, objects):
    folder = tmp_path_factory.mktemp("set")
    height, width = HW
    rows = [f"{id} " + " ".join(f"{x / width!r} {y / height!r}" for x, y in points) for id, points in objects]
    ours = read(make(folder, {"train/a": "\n".join(rows), "val/b": f"0 {SQUARE}"}))
    outlines: list[Any] = [(id, [value for point in points for value in point]) for id, points in objects]
    annotations = [
        {"id": place, "image_id": 1, "category_id": id, "segmentation": [outline]}
        for place, (id, outline) in enumerate([*outlines, (0, [0, 0, 9, 0, 9, 9])])
    ]
    annotations[-1]["image_id"] = 2
    images = [{"id": 1, "file_name": "a.png", "height": height, "width": width}, {"id": 2, "file_name": "b.png"}]
    categories = [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}]
    (folder / "coco.json").write_text(
        json.dumps({"images": images, "annotations": annotations, "categories": categories})
    )
    picture(folder / "images/a.png")
    coco = Coco(folder / "coco.json")
    theirs = coco.read(coco.items()[0])
    assert (coco.mask_classes, coco.category_ids) == (Yolo(folder).mask_classes, Yolo(folder).category_ids)
    np.testing.assert_array_equal(ours.mask, theirs.mask)
    layered = [Yolo(folder, layers=("instances",)), Coco(folder / "coco.json", layers=("instances",))]
    things, again = (source.read(source.items()[0]).layers["instances"].values for source in layered)
    np.testing.assert_array_equal(things, again)
    np.testing.assert_array_equal(things > 0, np.asarray(ours.mask) > 0)
    assert (ours.dropped, len(ours.boxes)) == (theirs.dropped, len(objects))


FACE = "kpt_shape: [3, 3]\nkpt_names: {0: [nose, left_eye, right_eye]}\n"
_SEEN = st.lists(st.tuples(st.integers(0, HW[1]), st.integers(0, HW[0]), st.integers(0, 2)), min_size=3, max_size=3)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 15), _SEEN), max_size=3), st.booleans())
def test_key_points_are_those_of_coco(tmp_path_factory, objects, has_pairs):
    folder = tmp_path_factory.mktemp("set")
    height, width = HW
    rows = [
        f"{id} 0.5 0.5 {side / 16} 0.5 " + " ".join(f"{x / width!r} {y / height!r} {seen}" for x, y, seen in points)
        for id, side, points in objects
    ]
    make(folder, {"train/a": "\n".join(rows)}, FACE + "flip_idx: [1, 0, 2]\n" * has_pairs)
    annotations = [
        {
            "id": place,
            "image_id": 1,
            "category_id": id,
            "bbox": [width * (0.5 - side / 32), height / 4, width * side / 16, height / 2],
            "keypoints": [value for x, y, seen in points for value in (x - 0.5, y - 0.5, seen)],
        }
        for place, (id, side, points) in enumerate(objects)
    ]
    named = {"keypoints": ["nose", "left_eye", "right_eye"]} | ({"flip_pairs": [[0, 1]]} if has_pairs else {})
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": height, "width": width}],
        "annotations": annotations,
        "categories": [{"id": id, "name": name, **named} for id, name in enumerate(("cat", "dog"))],
    }
    (folder / "coco.json").write_text(json.dumps(content))
    picture(folder / "images/a.png")
    layers = ("boxes", "points")
    yolo, coco = Yolo(folder, layers=layers), Coco(folder / "coco.json", layers=layers)
    assert yolo.layers == coco.layers
    ours, theirs = (source.read(source.items()[0]) for source in (yolo, coco))
    assert ours.layers.keys() == theirs.layers.keys()
    for name, layer in theirs.layers.items():
        np.testing.assert_array_equal(ours.layers[name].values, layer.values)
    assert (ours.boxes, ours.notes, ours.dropped) == (theirs.boxes, theirs.notes, theirs.dropped)
    assert ours.mask is None


def partners(source: Yolo) -> list[int]:
    form = source.layers["points"]
    assert isinstance(form, PointsForm)
    return form.partners


def test_key_points_are_kept_on_request_alone(tmp_path):
    text = "1 0.5 0.5 0.5 0.5 0.25 0.25 1.25 0.25 0 0\n0 0.5 0.5 0.1 0.1 0.5 0.5 0.5 0.5 0.5 0.5"
    data = make(tmp_path, {"train/a": text, "train/b": "", "train/c": f"{BOX}\n0 0.5"}, "kpt_shape: [3, 2]\n")
    source = Yolo(data)
    assert not source.layers
    assert source.remarks == ("its 3 key points are not read; --layers points keeps those of the largest object",)
    assert len(source.read(source.items()[0]).boxes) == 2
    source = Yolo(data, layers=("points",))
    first, empty, damaged = (source.read(item) for item in source.items())
    assert first.layers["points"].values.tolist() == [[16, 8, 2], [0, 0, 0], [0, 0, 0]]
    assert first.dropped == (
        "point_1 of its points at (80, 8) is not within the image of 64 x 32 pixels, so it is not known",
    )
    assert (empty.layers, empty.dropped) == ({}, ())
    assert not damaged.layers
    assert damaged.dropped
    assert "neither flip_idx nor kpt_names, so none of the key points change places" in source.remarks[-1]
    assert partners(source) == [0, 1, 2]
    with_mirror = Yolo(
        make(tmp_path / "m", {"train/a": text}, "kpt_shape: [3, 2]\nflip_idx: [2, 1, 0]\n"), layers=("points",)
    )
    assert with_mirror.remarks == ()
    assert partners(with_mirror) == [2, 1, 0]


def test_key_points_that_are_not_there_or_differ_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"data\.yaml has no kpt_shape, so there are no key points; leave points out"):
        Yolo(make(tmp_path / "a", {"train/a": BOX}), layers=("points",))
    differing = "kpt_shape: [2, 2]\nkpt_names: {0: [a, b], 1: [c, d]}\n"
    with pytest.raises(InputError, match="two categories have different key points"):
        Yolo(make(tmp_path / "b", {"train/a": BOX}, differing), layers=("points",))
    assert not Yolo(tmp_path / "b").layers


def test_damaged_files_are_read_or_refused(tmp_path):
    """Every file of text in turn, with one fault each."""
    good = f"0 {SQUARE}\n{BOX}\n1 0.1 0.1 0.9 0.1 0.5 0.9\n"
    data = make(tmp_path, {"train/a": good, "val/b": good}, "nc: 2\ntrain: train.txt\n")
    (data / "train.txt").write_text("images/train/a.png\n" * 5)
    num_used, said = 0, list[str]()
    for path in (data / "data.yaml", data / "train.txt", data / "labels/train/a.txt"):
        content = path.read_bytes() + b"\n" * 70  # mutations are made before the last 64 bytes
        for changed in mutations(content, 60, seed=len(content)):
            path.write_bytes(changed)
            used, reasons = read_all(lambda: Yolo(data))
            num_used += used
            said += reasons
        path.write_bytes(content)
    assert 180 < num_used < 360
    assert len(said) > 60
    assert all(reason.strip() and len(reason) < 1500 and "\n" not in reason for reason in said)
