"""Boxes and categories of COCO as layers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.layers import BoxesForm, TagsForm
from auxseg.data.sources import Coco, open_source
from auxseg.errors import InputError


def _object(id: int, image: int, category: int, box: list[float], **others: object) -> dict[str, object]:
    return {"id": id, "image_id": image, "category_id": category, "bbox": box, "iscrowd": 0, **others}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    for name in "ab":
        Image.fromarray(np.full((20, 30, 3), 9, np.uint8)).save(tmp_path / f"{name}.png")
    objects = [
        _object(1, 1, 7, [1, 2, 10, 5]),
        _object(2, 1, 3, [20, 10, 30, 5]),
        _object(3, 1, 7, [0, 0, 30, 20], iscrowd=1),
        _object(4, 1, 9, [1, 1, 2, 2]),
    ]
    content = {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
        "annotations": objects,
        "categories": [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}, {"id": 9, "name": "cow"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    return tmp_path / "a.json"


def test_layers_hold_every_box_and_which_categories_occur(path: Path) -> None:
    source = open_source("coco", path, layers=("tags", "boxes"))
    names = ("cat", "dog", "cow")
    assert dict(source.layers) == {"boxes": BoxesForm(names), "tags": TagsForm(names)}
    first, second = (source.read(item) for item in source.items())
    assert first.layers["boxes"].values.tolist() == [
        [1, 2, 11, 7, 1, 0],
        [20, 10, 30, 15, 0, 0],
        [1, 1, 3, 3, 2, 0],
        [0, 0, 30, 20, 1, 1],
    ]
    assert first.layers["tags"].values.tolist() == [1, 1, 1]
    assert second.layers["boxes"].values.shape == (0, 6)
    assert second.layers["tags"].values.tolist() == [0, 0, 0]


def test_without_the_setting_nothing_changes(path: Path) -> None:
    source = Coco(path)
    assert not source.layers
    assert not source.read(source.items()[0]).layers


def test_other_layers_are_refused(path: Path) -> None:
    with pytest.raises(InputError, match="layers should be some of boxes, tags, points, instances, not 'masks'"):
        Coco(path, layers=("masks",))


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"bbox": [40, 40, 5, 5]}, {"boxes"}),
        ({"bbox": None}, {"boxes"}),
        ({"category_id": 77}, {"boxes", "tags"}),
    ],
)
def test_what_an_object_may_hide_is_not_known(path: Path, change: dict[str, object], lost: set[str]) -> None:
    """Else the object would be background, and finding it a false alarm."""
    content = json.loads(path.read_text())
    content["annotations"][0] = {key: each for key, each in {**content["annotations"][0], **change}.items() if each}
    path.write_text(json.dumps(content))
    source = open_source("coco", path, layers=("tags", "boxes"))
    first = source.read(source.items()[0])
    assert first.layers.keys() == {"tags", "boxes"} - lost
    for name in lost:
        assert any(f"its {name} are not known" in reason for reason in first.dropped)
