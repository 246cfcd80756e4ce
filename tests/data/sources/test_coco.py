"""COCO's outlines become the masks that pycocotools makes of them, and damaged files do no harm."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as reference

from auxseg.data.inspect import inspect
from auxseg.data.prepare import prepare
from auxseg.data.sample import IGNORE, Box, Sample
from auxseg.data.sources import Coco
from auxseg.data.sources.coco_outlines import fill
from auxseg.data.sources.source import SampleError
from auxseg.data.store import Store
from auxseg.errors import InputError
from tests.data.pictures import draw_sample, hashes

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


def run_lengths(mask: np.ndarray) -> dict[str, Any]:
    """Uncompressed, with the first run of background."""
    flat = mask.ravel(order="F").astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [1 - flat[-1]]])))
    return {"size": list(mask.shape), "counts": np.diff(np.concatenate([[0], edges])).tolist()}


def compressed(mask: np.ndarray) -> dict[str, Any]:
    code: Any = reference.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(mask.shape), "counts": code["counts"].decode()}


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


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 1000), st.floats(0, 1), st.integers(1, 9))
def test_run_lengths_are_those_of_pycocotools(height, width, seed, share, thickness):
    mask = np.random.default_rng(seed).random((height, width)) < share
    mask = np.repeat(mask, thickness, axis=0)
    np.testing.assert_array_equal(fill(compressed(mask), mask.shape), mask)
    np.testing.assert_array_equal(fill(run_lengths(mask), mask.shape), mask)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@given(st.lists(st.lists(st.floats(-5, 45), min_size=6, max_size=6), min_size=1, max_size=3))
def test_polygons_are_those_of_pycocotools(polygons):
    codes: Any = polygons
    together = reference.decode(reference.merge(reference.frPyObjects(codes, *HW)))
    np.testing.assert_array_equal(fill(polygons, HW), together.astype(bool))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_damaged_run_lengths_do_no_harm(text):
    try:
        filled = fill({"size": list(HW), "counts": text}, HW)
    except SampleError:
        return
    assert filled.shape == HW


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


def test_without_an_outline_there_is_no_mask(tmp_path):
    path = write(tmp_path, content(annotation(10, 18, [SQUARE]), annotation(10, 3, []), annotation(11, 3, [SQUARE])))
    assert read(path, 0).mask is None
    assert len(read(path, 0).boxes) == 2
    assert read(path, 1).mask is not None
    boxes_alone = write(tmp_path, content(annotation(10, 18, [])))
    assert [read(boxes_alone, index).mask for index in range(3)] == [None] * 3


def test_boxes_that_rounding_pushed_out_are_clipped(tmp_path):
    path = write(tmp_path, content(annotation(10, 18, [SQUARE], bbox=[-0.3, 2, 50.9, 38.5])))
    assert read(path).boxes == (Box(0, 2, 50, 40, "dog"),)
    far = write(tmp_path, content(annotation(10, 18, [SQUARE], bbox=[30, 2, 30, 10])))
    assert read(far).boxes == (Box(30, 2, 60, 12, "dog"),)
    ((id, reason),) = prepare(Coco(far), tmp_path / "out.h5", size=16, split="50-50-0").skipped
    assert id == "10"
    assert "its box 'dog' from (30, 2) to (60, 12) is empty or not within" in reason


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
        ([[1, 2, 3, 4, 5, "6"]], "a polygon should be at least three pairs"),
        ([[1, 2, 3, 4, 5, float("nan")]], "a polygon should be at least three pairs"),
        ([[1, 2, 3, 4, 5, 1e9]], "a polygon reaches further out of the picture of 50 x 40"),
        (
            {"size": [50, 40], "counts": [2000]},
            r"is for a picture of \[50, 40\] \(height, width\), but this is 40 x 50",
        ),
        ({"size": [40, 50], "counts": [1999]}, "add up to 2000 pixels"),
        ({"size": [40, 50], "counts": [2001, -1]}, "add up to 2000 pixels"),
        ({"size": [40, 50], "counts": "c26"}, "add up to 2000 pixels"),
        ({"size": [40, 50], "counts": "c2~"}, "may not hold '~'"),
        ({"size": [40, 50], "counts": "P"}, "end within a number"),
        ({"size": [40, 50]}, "neither a list of polygons nor run lengths"),
        ("outline", "neither a list of polygons nor run lengths"),
    ],
)
def test_bad_outlines_say_why(tmp_path, outline, reason):
    path = write(tmp_path, content(annotation(10, 18, outline), annotation(11, 3, [SQUARE])))
    with pytest.raises(SampleError, match=reason):
        read(path)
    assert read(path, 1).id == "11"


def test_bad_photographs_say_why(tmp_path):
    path = write(tmp_path, content(annotation(10, 18, [SQUARE])))
    Image.new("RGB", (40, 50)).save(tmp_path / "images" / "0.png")
    with pytest.raises(SampleError, match=r"0\.png is 50 x 40 \(height x width\), the file says"):
        read(path)
    (tmp_path / "images" / "1.png").unlink()
    with pytest.raises(SampleError, match=r"1\.png does not exist"):
        read(path, 1)


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in content().items() if name != key}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ("{", "is not JSON"),
        ("[]", "it has no annotations, categories, images"),
        (without("categories"), "it has no categories"),
        (content() | {"images": [{"id": 1}]}, "images, annotations or categories are not those of COCO"),
        (content() | {"images": content()["images"] * 2}, "an image id is given twice"),
        (content() | {"categories": []}, "should have between 1 and 254 categories, not 0"),
        (content() | {"categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]}, "have the same name or id"),
        (content() | {"categories": [{"id": 1, "name": "background"}]}, "or one is called 'background'"),
        (content(annotation(99, 3, [SQUARE])), "annotation 7 is of an image or a category that is not in the file"),
        (content(annotation(10, 99, [SQUARE])), "annotation 7 is of an image or a category that is not in the file"),
        (content(annotation(10, 3, [SQUARE], bbox=[1, 2])), "annotation 7: bbox should be x, y, width, height"),
        (
            content() | {"images": [{"id": 1, "file_name": "../0.png", "height": 40, "width": 50}]},
            "'../0.png' leads out of the folder",
        ),
        (
            content() | {"images": [{"id": 1, "file_name": "gone.png", "height": 40, "width": 50}]},
            r"the photograph gone\.png is in none of",
        ),
    ],
)
def test_files_that_cannot_be_understood_are_refused(tmp_path, values, reason):
    path = write(tmp_path, values)
    with pytest.raises(InputError, match=reason):
        Coco(path)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"is a folder; coco reads the annotation file \(\.json\)"):
        Coco(tmp_path)
    with pytest.raises(InputError, match=r"some\.json cannot be read"):
        Coco(tmp_path / "some.json")


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


def test_it_travels_to_other_processes(tmp_path):
    source = pickle.loads(pickle.dumps(Coco(write(tmp_path, content(annotation(10, 18, [SQUARE]))))))
    assert source.read(source.items()[0]).id == "10"
