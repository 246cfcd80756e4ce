"""Instances of a folder, and the boxes around them: against a slow reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.layers import BoxesForm, InstancesForm
from auxseg.data.layers.instances import UNKNOWN
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources import Folder
from auxseg.data.sources.arrays.values import IGNORED
from auxseg.data.sources.layers.instance_boxes import boxes_by_mask
from auxseg.data.sources.source import SampleError
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.testing import check_source

HW = (16, 20)
LAYERS = "things: {kind: boxes, of: cells, classes: mask}\ncells: {kind: instances}\n"


def _ids() -> np.ndarray:
    ids = np.zeros(HW, np.uint16)
    ids[2:5, 3:9], ids[4:8, 4:6], ids[10:, 14:] = 40000, 7, 65534
    ids[0] = UNKNOWN
    return ids


def _mask() -> np.ndarray:
    mask = np.zeros(HW, np.uint8)
    mask[2:5, 3:9], mask[4:8, 4:6], mask[10:, 14:] = 1, 2, 2
    mask[2, 3:9] = 255
    return mask


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("images", "masks", "cells"):
        (tmp_path / name).mkdir()
    for id in "ab":
        Image.fromarray(np.full((*HW, 3), 9, np.uint8)).save(tmp_path / "images" / f"{id}.png")
        Image.fromarray(_mask()).save(tmp_path / "masks" / f"{id}.png")
    Image.fromarray(_ids()).save(tmp_path / "cells" / "a.png")
    (tmp_path / "classes.txt").write_text("background\nround\nlong\n")
    (tmp_path / "layers.yaml").write_text(LAYERS)
    return tmp_path


def _slow(ids: np.ndarray, mask: np.ndarray) -> set[tuple[float, ...]]:
    rows: set[tuple[float, ...]] = set()
    for thing in set(ids.ravel().tolist()) - {0, UNKNOWN}:
        y, x = np.nonzero(ids == thing)
        classes = [value for value in mask[ids == thing].tolist() if value not in (0, 255)]
        rows.add(
            (
                float(min(x)),
                float(min(y)),
                float(max(x) + 1),
                float(max(y) + 1),
                max(set(classes), key=classes.count) - 1,
                0,
            )
        )
    return rows


def test_instances_and_boxes_around_them_are_read(folder: Path) -> None:
    source = Folder(folder)
    check_source(source)
    assert source.layers == {"things": BoxesForm(("round", "long")), "cells": InstancesForm()}
    a, b = (source.read(item) for item in source.items())
    np.testing.assert_array_equal(a.layers["cells"].values, _ids())
    assert {tuple(row) for row in a.layers["things"].values.tolist()} == _slow(_ids(), _mask())
    assert a.dropped + b.dropped == ()
    assert b.layers == {}


@pytest.mark.parametrize("suffix", ["npy", "tif"])
def test_other_files_hold_instances_too_and_a_store_keeps_them(folder: Path, tmp_path: Path, suffix: str) -> None:
    (folder / "cells" / "a.png").unlink()
    if suffix == "npy":
        np.save(folder / "cells" / "a.npy", np.where(_ids() == UNKNOWN, -1, _ids().astype(np.int32)))
    else:
        Image.fromarray(_ids()).save(folder / "cells" / "a.tif")
    report = prepare(Folder(folder), tmp_path / "a.h5", size=Size(16, 20), split="100-0-0")
    store = Store.open(report.path)
    np.testing.assert_array_equal(store.read_layers(0)["cells"], _ids())
    assert {tuple(row) for row in store.read_layers(0)["things"].tolist()} == _slow(_ids(), _mask())


def test_boxes_without_classes_have_one(folder: Path) -> None:
    (folder / "layers.yaml").write_text("cells: {kind: instances}\nthings: {kind: boxes, of: cells}\n")
    source = Folder(folder)
    assert source.layers["things"] == BoxesForm(("object",))
    assert {tuple(row[:4]) for row in source.read(source.items()[0]).layers["things"].values.tolist()} == {
        row[:4] for row in _slow(_ids(), _mask())
    }


def test_instances_may_be_those_of_the_masks_themselves(folder: Path) -> None:
    for id in "ab":
        Image.fromarray(_ids()).save(folder / "masks" / f"{id}.png")
    (folder / "classes.txt").unlink()
    (folder / "layers.yaml").write_text("cells: {kind: instances, folder: masks}\n")
    source = Folder(folder, instances="merge")
    sample = source.read(source.items()[0])
    np.testing.assert_array_equal(sample.layers["cells"].values, _ids())
    assert sample.mask is not None
    np.testing.assert_array_equal(sample.mask[1:] == 1, _ids()[1:] > 0)


def test_255_in_a_file_of_8_bits_is_not_known_and_that_is_said_once(folder: Path) -> None:
    ids = np.zeros(HW, np.uint8)
    ids[2:4, 2:4], ids[0] = 7, 255
    (folder / "cells" / "a.png").unlink()
    Image.fromarray(ids).save(folder / "cells" / "a.png")
    source = Folder(folder)
    sample = source.read(source.items()[0])
    np.testing.assert_array_equal(sample.layers["cells"].values == UNKNOWN, ids == 255)
    assert [note for note in sample.notes if "255" in note] == [IGNORED]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full(HW, 70000), "its cells holds 70000, expected ids from 0 to 65534, and -1 or 65535 for ignored pixels"),
        (np.full(HW, -2), "its cells holds -2, expected ids"),
        (np.full(HW, 0.5), "holds numbers that are not whole"),
    ],
)
def test_ids_that_are_none_cost_both_layers_and_are_named(folder: Path, values: np.ndarray, reason: str) -> None:
    (folder / "cells" / "a.png").unlink()
    np.save(folder / "cells" / "a.npy", values)
    source = Folder(folder)
    sample = source.read(source.items()[0])
    assert sample.layers == {}
    assert all(reason in said for said in sample.dropped)
    assert len(sample.dropped) == 2


def test_an_instance_without_a_class_and_a_mask_of_another_size_are_named() -> None:
    form = BoxesForm(("round", "long"))
    with pytest.raises(SampleError, match="its instance 7 has no pixel of any class in the mask"):
        boxes_by_mask(np.where(_ids() == 7, 7, 0).astype(np.uint16), np.zeros(HW, np.uint8), 1, form)
    with pytest.raises(SampleError, match="its instances are 16 x 20, its mask 5 x 5"):
        boxes_by_mask(_ids(), np.zeros((5, 5), np.uint8), 1, form)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("things: {kind: boxes, of: cells}", "of should name a layer of instances in this file, not 'cells'"),
        ("things: {kind: boxes, classes: mask}", "classes are for boxes around instances"),
        ("cells: {kind: instances}\nthings: {kind: boxes, of: cells, names: [a]}", "boxes of instances take no names"),
        (
            "cells: {kind: instances}\nthings: {kind: boxes, of: cells, classes: x}",
            "classes should be mask or left out",
        ),
        ("cells: {kind: instances, folder: ../x}", "folder should be the name of a folder beside images/"),
        ("cells: {kind: instances, names: [a]}", "cells has no setting 'names'"),
    ],
)
def test_a_wrong_declaration_is_refused(folder: Path, text: str, reason: str) -> None:
    (folder / "layers.yaml").write_text(text)
    with pytest.raises(InputError, match=reason):
        Folder(folder)


def test_instances_of_another_size_than_their_image_cost_the_boxes_too(folder: Path) -> None:
    (folder / "layers.yaml").write_text("cells: {kind: instances}\nthings: {kind: boxes, of: cells}\n")
    Image.fromarray(_ids()[:8, :10]).save(folder / "cells" / "a.png")
    source = Folder(folder)
    sample = source.read(source.items()[0])
    assert "things" not in sample.layers
    assert any("its cells is 8 x 10, but its image asks for 16 x 20" in said for said in sample.dropped)
