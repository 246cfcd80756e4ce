"""Annotation files that are damaged at random are read or refused with a sentence, and never anything else."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as reference

from auxseg.data.sources import Coco
from auxseg.errors import InputError
from tests.data.damage import read_all

NUM_FILES: Final = 250
ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 3.5, 1e308, 10**400, 2**63, float("inf"), float("nan"), "", "0", "x", "\ud800", "\0",
    "../../etc/passwd", "a" * 5000, [], {}, [[]], [[1, 2], [3]], {"size": [20, 30], "counts": "o" * 50}, [None] * 4,
)  # fmt: skip
"""What takes the place of a value."""


def valid() -> dict[str, Any]:
    """Two photographs with every kind of outline."""
    square = np.zeros((20, 30), np.uint8)
    square[3:9, 4:15] = 1
    code: Any = reference.encode(np.asfortranarray(square))
    outlines: list[Any] = [
        [[4, 3, 15, 3, 15, 9, 4, 9]],
        [4.5, 3.5, 15.5, 3.5, 15.5, 9.5],
        {"size": [20, 30], "counts": [80, 6, 514]},
        {"size": [20, 30], "counts": code["counts"].decode()},
        [],
    ]
    annotations = [
        {"id": index, "image_id": index % 2, "category_id": 3 + index % 2, "iscrowd": int(index == 3)}
        | {"segmentation": outline, "bbox": [4, 3, 11, 6]}
        for index, outline in enumerate(outlines)
    ]
    images = [{"id": index, "file_name": f"{index}.png", "height": 20, "width": 30} for index in range(2)]
    categories = [{"id": id, "name": name, "supercategory": "animal"} for id, name in ((3, "cat"), (4, "dog"))]
    return {"images": images, "annotations": annotations, "categories": categories}


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value as its container and key."""
    pairs: list[tuple[Any, Any]] = (
        [*value.items()] if isinstance(value, dict) else [*enumerate(value)] if isinstance(value, list) else []
    )
    return [place for key, each in pairs for place in [(value, key), *places(each)]]


def damaged(seed: int) -> bytes:
    """One or two values replaced, taken away or repeated; of every fourth file some bytes instead."""
    chance = random.Random(seed)
    values = valid()
    if seed % 4 == 0:
        content = bytearray(json.dumps(values).encode())
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        return bytes(content[: chance.choice([None, chance.randrange(len(content))])])
    for _ in range(chance.randint(1, 2)):
        container, key = chance.choice(places(values))
        match chance.randrange(4):
            case 0:
                del container[key]
            case 1 if isinstance(container, list):
                container.insert(key, container[key])
            case _:
                container[key] = copy.deepcopy(chance.choice(ODD))
    return json.dumps(values).encode()


def test_damaged_files_are_read_or_refused(tmp_path):
    (tmp_path / "images").mkdir()
    for index in range(2):
        Image.new("RGB", (30, 20)).save(tmp_path / "images" / f"{index}.png")
    path = tmp_path / "file.json"
    said: list[str] = []
    num_used = 0
    for seed in range(NUM_FILES):
        path.write_bytes(damaged(seed))
        used, reasons = read_all(lambda: Coco(path))
        num_used += used
        said += reasons
    assert NUM_FILES < num_used < 2 * NUM_FILES
    assert len(said) > NUM_FILES // 2
    assert all(reason.strip() and len(reason) < 500 + len(str(tmp_path)) for reason in said)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"images": ' * 50_000, b"\xff\xfe\x00", b"", b"0" * 10_000])
def test_what_is_no_json_is_refused(tmp_path, content):
    path: Path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"file\.json (is not JSON|should hold)"):
        Coco(path)
