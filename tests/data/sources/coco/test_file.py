"""An annotation file becomes typed values; a fault stays with the label it is in, and a doubt about all is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auxseg.data.sources.coco import file as coco_file
from auxseg.data.sources.coco.file import CocoCategory, CocoFile, CocoImage, CocoObject, read_coco
from auxseg.errors import InputError

SQUARE = [[1, 1, 5, 1, 5, 5, 1, 5]]


def image(**changes: Any) -> dict[str, Any]:
    return {"id": 10, "file_name": "0.png", "height": 40, "width": 50} | changes


def annotation(**changes: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "image_id": 10,
        "category_id": 3,
        "segmentation": SQUARE,
        "bbox": [5, 6, 10, 15],
        "iscrowd": 0,
    } | changes


def category(**changes: Any) -> dict[str, Any]:
    return {"id": 3, "name": "cat", "supercategory": "animal"} | changes


def without(values: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in keys}


def content(images: Any = None, annotations: Any = None, categories: Any = None) -> dict[str, Any]:
    return {
        "images": [image()] if images is None else images,
        "annotations": [annotation()] if annotations is None else annotations,
        "categories": [category()] if categories is None else categories,
    }


def read(folder: Path, values: Any) -> CocoFile:
    path = folder / "some.json"
    path.write_bytes(values if isinstance(values, bytes) else json.dumps(values).encode())
    return read_coco(path)


def only_object(folder: Path, **changes: Any) -> CocoObject:
    ((made,),) = read(folder, content(annotations=[annotation(**changes)])).objects.values()
    return made


def only_image(folder: Path, values: dict[str, Any]) -> CocoImage:
    (made,) = read(folder, content(images=[values])).images.values()
    return made


def test_everything_in_the_file_is_there(tmp_path):
    file = read(tmp_path, content(images=[image(), image(id=11, file_name="a/1.png")]))
    assert file.path == tmp_path / "some.json"
    assert file.images == {"10": CocoImage("0.png", (40, 50)), "11": CocoImage("a/1.png", (40, 50))}
    assert file.categories == (CocoCategory(3, "cat", "animal"),)
    assert file.objects == {"10": [CocoObject("7", 3, SQUARE, False, (5, 6, 10, 15))], "11": []}
    assert file.orphans == ()


def test_a_file_without_objects_is_whole(tmp_path):
    assert read(tmp_path, content(annotations=[])).objects == {"10": []}


@pytest.mark.parametrize("written", [10, 10.0, "10"])
@pytest.mark.parametrize("asked", [10, 10.0, "10"])
def test_ids_meet_however_they_are_written(tmp_path, written, asked):
    file = read(tmp_path, content(images=[image(id=written)], annotations=[annotation(image_id=asked)]))
    assert [each.id for each in file.objects["10"]] == ["7"]


def test_ids_may_be_names(tmp_path):
    file = read(tmp_path, content(images=[image(id="a b")], annotations=[annotation(image_id="a b", id="obj")]))
    assert [each.id for each in file.objects["a b"]] == ["obj"]


@pytest.mark.parametrize(
    ("size", "hw"),
    [
        ({"height": "40", "width": 50.0}, (40, 50)),
        ({"height": 0, "width": 50}, None),
        ({"height": -1, "width": -1}, None),
        ({"height": None, "width": None}, None),
    ],
)
def test_a_size_that_the_tool_did_not_know_is_none(tmp_path, size, hw):
    assert only_image(tmp_path, image(**size)) == CocoImage("0.png", hw)


@pytest.mark.parametrize("missing", ["height", "width"])
def test_half_a_size_is_none(tmp_path, missing):
    assert only_image(tmp_path, without(image(), missing)).hw is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"height": 40.5}, "height should be a whole number, not 40.5"),
        ({"width": "wide"}, "width should be a whole number, not 'wide'"),
        ({"width": True}, "width should be a whole number, not True"),
        ({"file_name": None}, "file_name should be a text, not None"),
        ({"file_name": " "}, "file_name should be a text, not ' '"),
        ({"file_name": "a\0b"}, "file_name should be a text without NUL or broken characters, not "),
    ],
)
def test_a_fault_of_a_photograph_stays_with_it(tmp_path, change, reason):
    file = read(tmp_path, content(images=[image(**change), image(id=11, file_name="1.png")]))
    assert file.images["10"].fault.startswith(f"the annotation file is wrong about it: {reason}")
    assert file.images["11"] == CocoImage("1.png", (40, 50))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"category_id": 99}, "its category 99 is not in the file"),
        ({"category_id": None}, "category_id should be a whole number, not None"),
        ({"category_id": True}, "category_id should be a whole number, not True"),
        ({"category_id": 3.5}, "category_id should be a whole number, not 3.5"),
        ({"iscrowd": "maybe"}, "iscrowd should be true or false (1 or 0), not 'maybe'"),
        ({"iscrowd": 2}, "iscrowd should be true or false (1 or 0), not 2"),
        ({"iscrowd": []}, "iscrowd should be true or false (1 or 0), not a list of 0"),
    ],
)
def test_a_fault_of_class_or_crowd_leaves_outline_and_box(tmp_path, change, fault):
    made = only_object(tmp_path, **change)
    assert (made.fault, made.box_fault) == (fault, "")
    assert (made.outline, made.box) == (SQUARE, (5, 6, 10, 15))


@pytest.mark.parametrize(("written", "category_id"), [("3", 3), (3.0, 3), (3, 3)])
def test_categories_meet_however_they_are_written(tmp_path, written, category_id):
    made = only_object(tmp_path, category_id=written)
    assert (made.category, made.fault) == (category_id, "")


@pytest.mark.parametrize(
    ("written", "is_crowd"),
    [(1, True), ("1", True), (True, True), (1.0, True), (0, False), ("0", False), (None, False), (False, False)],
)
def test_a_crowd_is_one_only_where_the_file_says_yes(tmp_path, written, is_crowd):
    made = only_object(tmp_path, iscrowd=written)
    assert (made.is_crowd, made.fault) == (is_crowd, "")


@pytest.mark.parametrize(
    ("written", "box"),
    [([5, 6.5, 10, "15"], (5, 6.5, 10, 15)), ([-1.5, 0, 0, 0], (-1.5, 0, 0, 0)), (None, None), ([], None)],
)
def test_a_box_is_read_as_it_is(tmp_path, written, box):
    made = only_object(tmp_path, bbox=written)
    assert (made.box, made.box_fault) == (box, "")


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ([1, 2], "bbox should be x, y, width, height, not a list of 2"),
        ([1, 2, 3, 4, 5], "bbox should be x, y, width, height, not a list of 5"),
        ({"x": 1}, "bbox should be x, y, width, height, not a mapping of 1"),
        ([1, 2, 3, None], "bbox should be a finite number, not None"),
        ([1, 2, 3, float("nan")], "bbox should be a finite number, not nan"),
        ([1, 2, 3, float("inf")], "bbox should be a finite number, not inf"),
    ],
)
def test_a_fault_of_a_box_leaves_the_rest_of_the_object(tmp_path, written, fault):
    made = only_object(tmp_path, bbox=written)
    assert (made.box, made.box_fault, made.fault, made.category) == (None, fault, "", 3)


def test_two_faults_of_an_object_are_both_kept(tmp_path):
    made = only_object(tmp_path, bbox=3, category_id=99)
    assert made.fault == "its category 99 is not in the file"
    assert made.box_fault == "bbox should be x, y, width, height, not 3"


@pytest.mark.parametrize(
    ("change", "name"),
    [({"id": None}, "annotations[1]"), ({"id": "obj"}, "obj"), ({"id": 2.5}, "2.5"), ({"id": [1]}, "a list of 1")],
)
def test_an_object_is_named_by_its_id_or_its_place(tmp_path, change, name):
    objects = read(tmp_path, content(annotations=[annotation(), annotation(**change)])).objects["10"]
    assert [each.id for each in objects] == ["7", name]


@pytest.mark.parametrize("change", [{"image_id": 99}, {"image_id": None}, {"image_id": []}, {"image_id": "a\0"}])
def test_objects_of_no_image_are_told_and_belong_to_none(tmp_path, change):
    file = read(tmp_path, content(annotations=[annotation(), annotation(id=44, **change)]))
    assert file.orphans == ("44",)
    assert [each.id for each in file.objects["10"]] == ["7"]


def test_an_annotation_that_is_no_mapping_is_an_orphan_with_its_place(tmp_path):
    assert read(tmp_path, content(annotations=[annotation(), 3])).orphans == ("annotations[1]",)


def test_a_file_of_whose_objects_none_has_an_image_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"some\.json: none of its 2 annotations belongs to an image in the file$"):
        read(tmp_path, content(annotations=[annotation(image_id=1), 3]))


def test_names_of_categories_have_no_spaces_around_them_and_parents_may_be_anything(tmp_path):
    odd = [category(name=" cat "), category(id=4, name="dog", supercategory=None), category(id=5, name=6)]
    assert read(tmp_path, content(categories=odd)).categories == (
        CocoCategory(3, "cat", "animal"),
        CocoCategory(4, "dog", ""),
        CocoCategory(5, "6", "animal"),
    )


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (b"{", "is not JSON: "),
        (b"", "is not JSON: "),
        (b"\xff\xfe\x00", "is not JSON: "),
        (b"[" * 100_000, "is not JSON: "),
        (b'{"images": ' + b"9" * 5000 + b"}", "is not JSON: "),
        ([], "should hold images, annotations and categories; it has no annotations, categories, images"),
        (3, "should hold images, annotations and categories; it has no annotations, categories, images"),
        (without(content(), "categories"), "should hold images, annotations and categories; it has no categories"),
        (content(images={}), ": images should be a list, not a mapping of 0"),
        (content(annotations=3), ": annotations should be a list, not 3"),
        (content(categories="x"), ": categories should be a list, not 'x'"),
        (content(images=[1]), ": images[0] should be a mapping, not 1"),
        (content(images=[without(image(), "id")]), ": the id of images[0] should be a text, not None"),
        (content(images=[image(), image(id="10")]), ": the image id '10' is given twice"),
        (content(categories=[3]), ": categories[0] should be a mapping, not 3"),
        (content(categories=[category(), category(id="x")]), ": the id of categories[1] should be a whole number, "),
        (content(categories=[category(name="")]), ": the name of categories[0] should be a text, not ''"),
    ],
)
def test_a_file_that_leaves_a_doubt_about_all_is_refused(tmp_path, values, reason):
    with pytest.raises(InputError) as error:
        read(tmp_path, values)
    path = str(tmp_path / "some.json")
    assert str(error.value).removeprefix(path).removeprefix(" ").startswith(reason)
    assert str(error.value).startswith(path)


def test_a_folder_a_missing_file_and_a_huge_one_are_refused_before_they_are_read(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"is a folder; coco reads the annotation file \(\.json\), or several with"):
        read_coco(tmp_path)
    with pytest.raises(InputError, match=r"gone\.json cannot be read: No such file or directory$"):
        read_coco(tmp_path / "gone.json")
    monkeypatch.setattr(coco_file, "MAX_BYTES", 1000)
    with pytest.raises(InputError, match=r"some\.json has 1,001 bytes, but at most 1,000 are read; split it$"):
        read(tmp_path, b" " * 1001)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_every_unicode_encoding_of_json_is_read(tmp_path, encoding):
    text = json.dumps(content(images=[image(file_name="Käse.png")]), ensure_ascii=False)
    assert read(tmp_path, text.encode(encoding)).images["10"].file_name == "Käse.png"
