"""COCO's outlines become the masks that pycocotools makes of them, and damaged files do no harm."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auxseg.data.preparing.inspect import inspect
from auxseg.data.preparing.prepare import prepare
from auxseg.data.preparing.record import CLIPPED
from auxseg.data.sample import IGNORE, Box, Orientation, Sample
from auxseg.data.sources import Coco
from auxseg.data.sources.coco.coco import _NO_SIZE as NO_SIZE
from auxseg.data.sources.coco.coco import _OTHER_PLACE as OTHER_PLACE
from auxseg.data.sources.coco.mask import STRAY
from auxseg.data.sources.source import SampleError
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.testing import check_source
from tests.data.pictures import draw_sample, hashes
from tests.data.sources.coco.masks import compressed, run_lengths

HW = 40, 50
SQUARE = [5, 5, 15, 5, 15, 20, 5, 20]


def annotation(image: int, category: int, outline: Any, **changes: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "image_id": image,
        "category_id": category,
        "segmentation": outline,
        "bbox": [5, 6, 10, 15],
        "iscrowd": 0,
    } | changes


def content(*annotations: dict[str, Any]) -> dict[str, Any]:
    """Three photographs and two categories, whose ids are in no order and have gaps."""
    images = [{"id": 10 + index, "file_name": f"{index}.png", "height": 40, "width": 50} for index in range(3)]
    categories = [{"id": 18, "name": "dog"}, {"id": 3, "name": "cat"}]
    return {"images": images, "annotations": list(annotations), "categories": categories}


def write(folder: Path, values: Any, images: str = "images", name: str = "annotations/some.json") -> Path:
    (folder / images).mkdir(parents=True, exist_ok=True)
    for index in range(3):
        Image.fromarray(draw_sample(index).image).save(folder / images / f"{index}.png")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(values if isinstance(values, str) else json.dumps(values))
    return path


def read(path: Path, index: int = 0) -> Sample:
    source = Coco(path)
    return source.read(source.items()[index])


def mask_of(path: Path, index: int = 0) -> np.ndarray:
    mask = read(path, index).mask
    assert mask is not None
    return mask


def test_categories_become_classes_by_their_ids(tmp_path):
    path = write(tmp_path, content(annotation(10, 18, [SQUARE]), annotation(12, 3, [SQUARE])))
    assert Coco(path).mask_classes == ("background", "cat", "dog")
    square = np.zeros(HW, bool)
    square[5:20, 5:15] = True
    np.testing.assert_array_equal(mask_of(path, 0), square * 2)
    np.testing.assert_array_equal(mask_of(path, 2), square * 1)
    assert read(path).boxes == (Box(5, 6, 15, 21, "dog"),)
    np.testing.assert_array_equal(read(path, 2).image, draw_sample(2).image)


def test_photographs_without_objects_are_background(tmp_path):
    path = write(tmp_path, content(annotation(10, 18, [SQUARE])))
    assert not mask_of(path, 1).any()
    assert read(path, 1).boxes == ()


def test_the_smaller_object_counts_and_crowds_are_ignored_beneath(tmp_path):
    everything, left = np.ones(HW, bool), np.zeros(HW, bool)
    left[:, :25] = True
    crowd = annotation(10, 3, run_lengths(everything), iscrowd=1)
    path = write(
        tmp_path, content(annotation(10, 3, [SQUARE]), annotation(10, 18, compressed(left), bbox=[0, 0, 25, 40]), crowd)
    )
    mask = mask_of(path)
    assert (mask[5:20, 5:15] == 1).all()
    assert (mask[:, 16:25] == 2).all()
    assert (mask[:, 25:] == IGNORE).all()
    assert [box.name for box in read(path).boxes] == ["cat", "dog"]


def test_the_box_of_an_object_without_outline_is_ignored_where_nothing_else_lies(tmp_path):
    lacking = annotation(10, 3, [], id=8, bbox=[10, 6, 20, 20])
    path = write(tmp_path, content(annotation(10, 18, [SQUARE]), lacking, annotation(11, 3, [SQUARE])))
    expected = np.zeros(HW, np.uint8)
    expected[6:26, 10:30] = IGNORE
    expected[5:20, 5:15] = 2
    np.testing.assert_array_equal(mask_of(path, 0), expected)
    assert len(read(path, 0).boxes) == 2
    assert read(path, 0).dropped == ("object 8 has no outline; its box is ignored in the mask",)
    assert read(path, 1).dropped == ()
    report = prepare(Coco(path), tmp_path / "out.h5", size=16, split="50-50-0")
    assert report.dropped == (("10", "object 8 has no outline; its box is ignored in the mask"),)
    assert Store.open(report.path).has_mask.all()


def test_where_no_outline_is_known_there_is_no_mask(tmp_path):
    bare = annotation(11, 3, [], id=9, bbox=None)
    path = write(tmp_path, content(annotation(10, 18, []), annotation(11, 3, [SQUARE]), bare))
    assert read(path, 0).mask is None
    assert read(path, 0).dropped == ("no mask: object 7 has no outline",)
    assert read(path, 1).mask is None
    assert read(path, 1).dropped == ("no mask: object 9 has no outline, and no box in which to ignore it",)
    assert [len(read(path, index).boxes) for index in (0, 1)] == [1, 1]
    boxes_alone = write(tmp_path, content(annotation(10, 18, [])))
    assert [read(boxes_alone, index).mask for index in range(3)] == [None] * 3
    assert [read(boxes_alone, index).dropped for index in range(3)] == [()] * 3


def test_boxes_that_reach_out_are_clipped_and_counted(tmp_path):
    near = write(tmp_path, content(annotation(10, 18, [SQUARE], bbox=[-0.3, 2, 50.9, 38.5])))
    report = prepare(Coco(near), tmp_path / "near.h5", size=16, split="50-50-0")
    assert (report.dropped, report.notes) == ((), {})  # no more than rounding
    store = Store.open(report.path)
    np.testing.assert_allclose(store.boxes[store.ids == "10"][0] * [50, 40, 50, 40], [0, 2, 50, 40], rtol=1e-6)
    far = write(tmp_path, content(annotation(10, 18, [SQUARE], bbox=[30, 2, 30, 10])))
    report = prepare(Coco(far), tmp_path / "out.h5", size=16, split="50-50-0")
    assert (report.skipped, report.dropped, report.notes) == ((), (), {CLIPPED: 1})
    store = Store.open(report.path)
    np.testing.assert_allclose(store.boxes[store.ids == "10"][0] * [50, 40, 50, 40], [30, 2, 50, 12], rtol=1e-6)
    assert store.has_mask.all()


@pytest.mark.parametrize("box", [[0, 0, 0, 0], [10.0, 20.5, 5.5, 0.0], [60, 5, 10, 10], [5, 5, -3, 10]])
def test_an_empty_box_costs_neither_photograph_nor_mask(tmp_path, box):
    second = annotation(10, 3, [SQUARE], bbox=box)
    report = prepare(
        Coco(write(tmp_path, content(annotation(10, 18, [SQUARE]), second))),
        tmp_path / "out.h5",
        size=16,
        split="0-0-100",
    )
    ((id, reason),) = report.dropped
    assert (report.num_written, report.skipped, id) == (3, (), "10")
    assert reason.startswith("its box 'cat' from (")
    store = Store.open(report.path)
    assert store.has_mask.all()
    assert np.isfinite(store.boxes[store.ids == "10"]).all()


@pytest.mark.parametrize("crowd", ["0", 0.0, False, None, "false"])
def test_texts_and_numbers_that_say_no_make_no_crowd(tmp_path, crowd):
    texts = {"category_id": "18", "bbox": ["5", "6", "10", "15"], "image_id": "10", "iscrowd": crowd}
    sample = read(write(tmp_path, content(annotation(10, 18, [[str(each) for each in SQUARE]]) | texts)))
    assert sample.mask is not None
    assert np.bincount(sample.mask.ravel()).tolist() == [1850, 0, 150]
    assert sample.boxes == (Box(5, 6, 15, 21, "dog"),)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iscrowd": "maybe"}, "object 7: iscrowd should be true or false (1 or 0), not 'maybe'"),
        ({"category_id": 99}, "object 7: its category 99 is not in the file"),
        ({"category_id": None}, "object 7: category_id should be a whole number, not None"),
        ({"category_id": 3.5}, "object 7: category_id should be a whole number, not 3.5"),
    ],
)
def test_an_object_of_unknown_class_is_ignored_and_named(tmp_path, changes, reason):
    sample = read(write(tmp_path, content(annotation(10, 3, [SQUARE], **changes))))
    assert sample.mask is not None
    assert set(np.unique(sample.mask).tolist()) == {0, IGNORE}
    assert sample.boxes == ()
    assert sample.dropped == (f"{reason}; its pixels are ignored, and so is its box",)


def test_a_bad_box_costs_that_box(tmp_path):
    sample = read(write(tmp_path, content(annotation(10, 3, [SQUARE], bbox=[1, 2]))))
    assert sample.mask is not None
    assert sample.boxes == ()
    assert sample.dropped == ("the box of object 7: bbox should be x, y, width, height, not a list of 2",)


def test_objects_of_images_that_are_not_in_the_file_are_named(tmp_path):
    source = Coco(write(tmp_path, content(annotation(10, 3, [SQUARE]), annotation(99, 3, [SQUARE], id=44))))
    assert source.remarks == ("some.json: 1 objects were left out, because their images are not in the file: 44",)
    with pytest.raises(InputError, match="none of its 1 annotations belongs to an image in the file"):
        Coco(write(tmp_path, content(annotation(99, 3, [SQUARE]))))


def test_a_flat_polygon_is_one_polygon_and_stray_pieces_are_left_out(tmp_path):
    flat = write(tmp_path, content(annotation(10, 18, SQUARE), annotation(11, 18, [SQUARE, [1, 1, 5, 5]])))
    np.testing.assert_array_equal(mask_of(flat, 0), mask_of(flat, 1))
    assert mask_of(flat, 0).sum() == 2 * 150
    assert (read(flat, 0).notes, read(flat, 1).notes) == ((), (STRAY,))


@pytest.mark.parametrize("size", [{}, {"height": -1, "width": -1}, {"height": 0, "width": 0}, {"height": None}])
def test_a_size_that_the_file_does_not_know_is_the_photographs(tmp_path, size):
    values = content(annotation(10, 18, [SQUARE]))
    values["images"][0] = {"id": 10, "file_name": "0.png"} | size
    sample = read(write(tmp_path, values))
    assert sample.mask is not None
    assert sample.mask.shape == HW
    assert sample.notes == (NO_SIZE,)


def test_categories_called_background_and_mere_headings_are_no_classes(tmp_path):
    values = content(annotation(10, 1, [SQUARE]), annotation(11, 7, [SQUARE]))
    values["categories"] = [
        {"id": 0, "name": "leaf", "supercategory": "none"},
        {"id": 1, "name": "leaf", "supercategory": "leaf"},
        {"id": 7, "name": "Background"},
    ]
    source = Coco(write(tmp_path, values))
    assert (source.mask_classes, source.category_ids) == (("background", "leaf"), (7, 1))
    assert source.remarks == (
        "the category 'leaf' (id 0) groups other categories and no object has it, so it is not a class",
    )
    ground = source.read(source.items()[1])
    assert ground.mask is not None
    assert not ground.mask.any()
    assert ground.boxes == ()


@pytest.mark.parametrize(("ids", "expected"), [((1, 2), (0, 1, 2)), ((3, 18), (0, 3, 18)), ((0, 1), (-1, 0, 1))])
def test_classes_keep_the_ids_of_their_categories(tmp_path, ids, expected):
    values = content() | {"categories": [{"id": id, "name": f"name {id}"} for id in ids]}
    source = Coco(write(tmp_path, values))
    store = Store.open(prepare(source, tmp_path / "out.h5", size=16, split="0-0-100").path)
    assert store.vocabulary.category_ids == expected


def test_classes_go_into_the_store_and_the_box_is_chosen_by_name(tmp_path):
    path = write(tmp_path, content(*(annotation(image, 3 + 15 * (image % 2), [SQUARE]) for image in (10, 11, 12))))
    store = Store.open(prepare(Coco(path), tmp_path / "out.h5", size=32, split="100-0-0", box="cat").path)
    assert store.vocabulary.mask_classes == ("background", "cat", "dog")
    assert np.isfinite(store.boxes).all(1).tolist() == [True, False, True]
    shares = inspect(store).splits["train"].mask_shares
    assert shares["cat"] == pytest.approx(2 * shares["dog"], rel=0.05)
    assert store.provenance["details"]["path"] == "some.json"


@pytest.mark.parametrize(
    ("images", "name"),
    [
        ("images", "annotations/some.json"),
        ("annotations/images", "annotations/some.json"),
        ("val2017", "annotations/instances_val2017.json"),
        (".", "_annotations.coco.json"),
    ],
)
def test_photographs_are_found(tmp_path, images, name):
    assert read(write(tmp_path, content(annotation(10, 18, [SQUARE])), images, name)).id == "10"


@pytest.mark.parametrize(
    ("outline", "reason"),
    [
        ([[1, 2, 3, 4]], "a polygon should be at least three pairs of numbers"),
        ([[1, 2, 3, 4, 5, 6, 7]], "a polygon should be at least three pairs"),
        ([[1, 2, 3, 4, 5, "six"]], "a polygon should be at least three pairs"),
        ([[1, 2, 3, 4, 5, 10**400]], "a coordinate should be a finite number, not a whole number of 1329 bits"),
        ([[1, 2, 3, 4, 5, float("nan")]], "a polygon should be at least three pairs"),
        ([[1, 2, 3, 4, 5, 1e9]], "a polygon extends beyond the image of 50 x 40"),
        (
            {"size": [50, 40], "counts": [2000]},
            r"is for an image of \[50, 40\] \(height, width\), but this is 40 x 50",
        ),
        ({"size": [40, 50], "counts": [1999]}, "add up to 2000 pixels"),
        ({"size": [40, 50], "counts": [2001, -1]}, "add up to 2000 pixels"),
        ({"size": [40, 50], "counts": "c26"}, "add up to 2000 pixels"),
        ({"size": [40, 50], "counts": "c2~"}, "may not hold '~'"),
        ({"size": [40, 50], "counts": "P"}, "end in the middle of a number"),
        ({"size": [40, 50]}, "should be a list of polygons, or run lengths"),
        ("outline", "should be a list of polygons, or run lengths"),
    ],
)
def test_bad_outlines_cost_their_object_and_say_why(tmp_path, outline, reason):
    path = write(tmp_path, content(annotation(10, 18, outline), annotation(11, 3, [SQUARE])))
    (found,) = read(path).dropped
    assert re.match(rf"no mask: object 7 has no usable outline \(.*{reason}", found)
    assert read(path).mask is None
    assert [box.name for box in read(path).boxes] == ["dog"]
    assert read(path, 1).dropped == ()


def test_bad_photographs_say_why_and_cost_no_others(tmp_path):
    path = write(tmp_path, content(annotation(10, 18, [SQUARE])))
    Image.new("RGB", (40, 50)).save(tmp_path / "images" / "0.png")
    with pytest.raises(SampleError, match=r"0\.png is 50 x 40 \(height x width\), the file says"):
        read(path)
    (tmp_path / "images" / "1.png").unlink()
    with pytest.raises(SampleError, match=r"1\.png does not exist"):
        read(path, 1)
    assert read(path, 2).mask is not None


def test_the_first_photograph_may_be_missing(tmp_path):
    path = write(tmp_path, content(annotation(11, 18, [SQUARE])))
    (tmp_path / "images" / "0.png").unlink()
    report = prepare(Coco(path), tmp_path / "out.h5", size=16, split="0-0-100")
    assert report.skipped == (("10", "0.png does not exist"),)
    assert report.num_written == 2


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"height": float("inf")}, "height should be a whole number, not inf"),
        ({"height": 40.5}, "height should be a whole number, not 40.5"),
        ({"file_name": None}, "file_name should be a text, not None"),
        ({"file_name": "a\0b"}, "file_name should be a text without NUL"),
    ],
)
def test_what_is_wrong_about_a_photograph_costs_that_photograph(tmp_path, values, reason):
    broken = content(annotation(11, 18, [SQUARE]))
    broken["images"][0] |= values
    path = write(tmp_path, broken)
    with pytest.raises(SampleError, match=reason):
        read(path)
    assert read(path, 1).mask is not None


@pytest.mark.parametrize(
    "name",
    [
        "/home/someone/project/images/{}.png",
        "images\\{}.png",
        "..\\images\\{}.png",
        "C:\\data\\{}.png",
        "../images/{}.png",
        "some/where/{}.png",
    ],
)
def test_photographs_are_found_whatever_way_the_file_says(tmp_path, name):
    values = content(annotation(10, 18, [SQUARE]))
    for index, each in enumerate(values["images"]):
        each["file_name"] = name.format(index)
    path = write(tmp_path, values)
    for index in range(3):
        np.testing.assert_array_equal(read(path, index).image, draw_sample(index).image)
    assert read(path).notes == (OTHER_PLACE,)


def test_a_file_that_cannot_be_understood_is_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder; coco reads the annotation file"):
        Coco(tmp_path)
    with pytest.raises(InputError, match="should have between 1 and 254 categories, not 0"):
        Coco(write(tmp_path, content() | {"categories": []}))
    gone = [{"id": 1, "file_name": "gone.png", "height": 40, "width": 50}]
    with pytest.raises(InputError, match=r"the image gone\.png is in none of"):
        Coco(write(tmp_path, content() | {"images": gone}))


def test_several_files_are_the_official_split(tmp_path):
    for index, split in enumerate(("train", "val", "test")):
        values = content(annotation(10 + index, 18, [SQUARE]))
        values["images"] = values["images"][index : index + 1]
        write(tmp_path, values, name=f"annotations/{split}.json")
    files = {split: tmp_path / "annotations" / f"{split}.json" for split in ("train", "val")}
    source = Coco(tmp_path, annotations=files | {"test": Path("annotations/test.json")})
    store = Store.open(prepare(source, tmp_path / "out.h5", size=16).path)
    assert dict(zip(store.ids.tolist(), store.split.tolist(), strict=True)) == {"10": 0, "11": 1, "12": 2}
    assert store.provenance["details"]["annotations"] == "train=train.json val=val.json test=test.json"
    np.testing.assert_array_equal(source.read(source.items()[2]).image, draw_sample(2).image)


def test_ids_that_two_files_share_begin_with_the_split(tmp_path):
    for split in ("train", "test"):
        write(tmp_path, content(annotation(10, 18, [SQUARE])), name=f"{split}.json")
    source = Coco(tmp_path / "images", annotations={split: tmp_path / f"{split}.json" for split in ("train", "test")})
    assert [item.id for item in source.items()][2:4] == ["train/12", "test/10"]
    assert source.remarks == ("3 images in the annotation files of several splits: 0.png, 1.png, 2.png",)


def test_images_that_two_splits_name_in_two_ways_are_told(tmp_path):
    for split, way in (("train", "{}.png"), ("test", "./{}.png")):
        values = content(annotation(10, 18, [SQUARE]))
        for index, each in enumerate(values["images"]):
            each["file_name"] = way.format(index) if index < 2 else f"{split}-only.png"
        values["images"].append({"id": 99, "file_name": None, "width": 50, "height": 40})
        write(tmp_path, values, name=f"{split}.json")
    source = Coco(tmp_path / "images", annotations={split: tmp_path / f"{split}.json" for split in ("train", "test")})
    assert source.remarks == ("2 images in the annotation files of several splits: 0.png, 1.png",)


def test_images_of_the_same_name_in_two_folders_are_not_shared(tmp_path):
    for split in ("train", "test"):
        path = write(tmp_path / split, content(annotation(10, 18, [SQUARE])))
        path.rename(tmp_path / split / f"{split}.json")
    files = {split: tmp_path / split / f"{split}.json" for split in ("train", "test")}
    source = Coco(tmp_path, annotations=files)
    assert len(source.items()) == 6
    assert not source.remarks


def test_files_that_disagree_are_refused(tmp_path):
    path = write(tmp_path, content(annotation(10, 18, [SQUARE])), name="train.json")
    other = write(tmp_path, content() | {"categories": [{"id": 18, "name": "horse"}]}, name="test.json")
    with pytest.raises(InputError, match=r"test\.json: the category 18 is 'horse', but 'dog' in .*train\.json"):
        Coco(tmp_path, annotations={"train": path, "test": other})
    with pytest.raises(InputError, match="should be the folder of the images"):
        Coco(path, annotations={"train": path})
    with pytest.raises(InputError, match="should name train, val, test, trainval, not 'valid'"):
        Coco(tmp_path, annotations={"valid": path})


def test_the_orientation_may_be_decided_for_all(tmp_path):
    path = write(tmp_path, content(annotation(10, 18, [SQUARE])))
    tags = Image.Exif()
    tags[0x0112] = 3
    Image.fromarray(draw_sample(0).image).save(tmp_path / "images" / "0.png", exif=tags)
    found = {}
    for exif in ("auto", "apply", "ignore"):
        source = Coco(path, exif=exif)
        found[exif] = source.read(source.items()[0])
    assert found["auto"].orientation == Orientation(3, False, False)
    assert found["apply"].orientation == Orientation(3, True)
    assert found["ignore"].orientation == Orientation(3)
    np.testing.assert_array_equal(found["apply"].image, draw_sample(0).image[::-1, ::-1])
    with pytest.raises(InputError, match="exif must be one of auto, apply, ignore, not 'turn'"):
        Coco(path, exif="turn")


def test_there_is_no_official_split(tmp_path):
    path = write(tmp_path, content(annotation(10, 18, [SQUARE])))
    with pytest.raises(InputError, match="no official split; give percentages instead"):
        prepare(Coco(path), tmp_path / "out.h5", size=16)


def test_fault_23_sources_are_never_written(tmp_path):
    data = tmp_path / "data"
    path = write(data, content(*(annotation(image, 18, [SQUARE]) for image in (10, 11, 12))))
    before = hashes(data)
    prepare(Coco(path), tmp_path / "out.h5", size=16, split="50-50-0")
    assert hashes(data) == before


def test_it_keeps_the_contract_of_a_source(tmp_path):
    check_source(Coco(write(tmp_path, content(annotation(10, 18, [SQUARE])))), folder=tmp_path)
