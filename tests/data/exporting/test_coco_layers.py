"""Boxes and tags of a store come back from COCO, with the masks as they were."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from auxseg.data.exporting.coco import INSTANCES, THINGS
from auxseg.data.exporting.export import export_data
from auxseg.data.layers import BoxesForm, InstancesForm, Layer, LayerForm, TagsForm
from auxseg.data.layers.instances import UNKNOWN
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE, Sample
from auxseg.data.sources import Coco
from auxseg.data.sources.source import Item, Source
from auxseg.data.store.store import Store

SIDE = 24
NUMBER = 12
WORDS = ("dog", "bird", "cat")
NO_BOXES, NO_MASK, NO_TAGS, OTHER_TAGS = "1", "2", "3", "4"


class Drawn(Source):
    """Random masks of three classes, boxes of other classes in another order, and the tags that both say."""

    name = "drawn"
    mask_classes = ("background", "cat", "dog")
    layers: Mapping[str, LayerForm] = MappingProxyType({"outlines": BoxesForm(WORDS), "pets": TagsForm(WORDS)})

    def items(self) -> list[Item]:
        return [Item(str(number), ("train", "val", "test")[number % 3]) for number in range(NUMBER)]

    def read(self, item: Item) -> Sample:
        random = np.random.default_rng(int(item.id))
        mask = np.kron(random.choice([0, 0, 1, 2, IGNORE], (4, 4)), np.ones((6, 6))).astype(np.uint8)
        corners = random.integers(0, SIDE - 5, (int(random.integers(0, 5)), 2)) + random.choice([0, 0.25])
        sides = random.integers(1, 5, corners.shape)
        more = random.integers(0, [3, 2], corners.shape)
        rows = np.hstack([corners, corners + sides, more]).astype(np.float32)
        there = {Drawn.mask_classes[number] for number in np.unique(mask) if 0 < number < IGNORE and item.id != NO_MASK}
        there |= {WORDS[int(number)] for number in rows[:, 4]} if item.id != NO_BOXES else set()
        tags = np.array([name in there for name in WORDS], np.uint8)
        if item.id == OTHER_TAGS:
            tags[0] ^= 1
        layers = {"outlines": rows, "pets": tags}
        lacking = {NO_BOXES: "outlines", NO_TAGS: "pets"}.get(item.id)
        return Sample(
            item.id,
            random.integers(0, 256, (SIDE, SIDE, 3), np.uint8),
            None if item.id == NO_MASK else mask,
            layers={name: Layer(Drawn.layers[name], each) for name, each in layers.items() if name != lacking},
        )

    def provenance(self) -> dict[str, str]:
        return {"name": self.name}


def exported(source: Source, folder: Path) -> tuple[Store, tuple[str, ...]]:
    store = Store.open(prepare(source, folder / "a.h5", size=SIDE).path)
    return store, export_data(store, folder / "out", "coco").notes


def read_back(folder: Path, *layers: str) -> tuple[Coco, dict[str, Sample]]:
    files = {path.stem: path for path in (folder / "out" / "annotations").iterdir()}
    source = Coco(folder / "out", annotations=files, layers=layers)
    names = {
        str(image["id"]): image["file_name"].removesuffix(".png")
        for path in files.values()
        for image in json.loads(path.read_text())["images"]
    }
    return source, {names[item.id]: source.read(item) for item in source.items()}


def boxes(values: np.ndarray, names: tuple[str, ...]) -> Counter[tuple[object, ...]]:
    return Counter((*row[:4], names[int(row[4])], row[5]) for row in values.tolist())


def test_boxes_tags_and_masks_come_back(tmp_path: Path) -> None:
    store, notes = exported(Drawn(), tmp_path)
    source, found = read_back(tmp_path, "boxes", "tags")
    assert source.mask_classes == ("background", "cat", "dog", "bird")
    assert len(found) == NUMBER
    num_boxes = 0
    for row, id in enumerate(store.ids.tolist()):
        sample, values = found[id], store.read_layers(row)
        np.testing.assert_array_equal(sample.mask, store.read(row)[1])
        assert not sample.dropped
        assert ("boxes" in sample.layers) == (id != NO_BOXES)
        if id != NO_BOXES:
            assert boxes(sample.layers["boxes"].values, source.mask_classes[1:]) == boxes(values["outlines"], WORDS)
            num_boxes += len(values["outlines"])
        assert ("tags" in sample.layers) == (id not in (NO_TAGS, OTHER_TAGS))
        if "tags" in sample.layers:
            again = dict(zip(source.mask_classes[1:], sample.layers["tags"].values, strict=True))
            assert [again[name] for name in WORDS] == values["pets"].tolist()
    assert num_boxes > NUMBER
    assert THINGS in notes
    assert not any("not exported" in note for note in notes if "the tags of 1 image are" not in note)


class Boxed(Drawn):
    """The same without masks, and with tags that are no categories."""

    layers = MappingProxyType({"outlines": BoxesForm(WORDS), "weather": TagsForm(("cat", "rain"))})

    def read(self, item: Item) -> Sample:
        sample = super().read(item)
        layers = {name: each for name, each in sample.layers.items() if name == "outlines"}
        return Sample(item.id, sample.image, layers=layers)


@pytest.mark.parametrize("classes", [(), Drawn.mask_classes])
def test_boxes_without_masks_come_back_without_masks(tmp_path: Path, classes: tuple[str, ...]) -> None:
    source = Boxed()
    source.mask_classes = classes
    store, notes = exported(source, tmp_path)
    source, found = read_back(tmp_path, "boxes")
    for row, id in enumerate(store.ids.tolist()):
        assert found[id].mask is None
        if id != NO_BOXES:
            values = store.read_layers(row)["outlines"]
            assert boxes(found[id].layers["boxes"].values, source.mask_classes[1:]) == boxes(values, WORDS)
    assert "its layers are not exported: weather" in notes


BACK = "are read back as not known, because some of their pixels have no class in the mask, or may belong to one"


class Numbered(Drawn):
    """Two things of one class that touch, one of two classes, and boxes around the first two on request."""

    layers: Mapping[str, LayerForm] = MappingProxyType({"things": InstancesForm(), "outlines": BoxesForm(("cat",))})

    def __init__(self, *, has_boxes: bool) -> None:
        self._kept = tuple(self.layers) if has_boxes else ("things",)
        self.layers = MappingProxyType({name: self.layers[name] for name in self._kept})

    def items(self) -> list[Item]:
        return [Item("a", "train")]

    def read(self, item: Item) -> Sample:
        things = np.zeros((SIDE, SIDE), np.uint16)
        things[2:6, 2:6], things[2:6, 6:12], things[10:20, 10:20] = 500, 9, 7
        things[22, 22] = 11
        mask = (things > 0).astype(np.uint8)
        mask[15:20, 10:20], mask[22:, :] = 2, 2
        mask[22, 22] = 0
        values = {"things": things, "outlines": np.array([[6, 2, 12, 6, 0, 0], [2, 2, 6, 6, 0, 0]], np.float32)}
        layers = {name: Layer(self.layers[name], values[name]) for name in self._kept}
        return Sample("a", np.zeros((SIDE, SIDE, 3), np.uint8), mask, layers=layers)


@pytest.mark.parametrize("has_boxes", [False, True])
def test_instances_are_objects_of_their_own(tmp_path: Path, has_boxes: bool) -> None:
    store, notes = exported(Numbered(has_boxes=has_boxes), tmp_path)
    _, found = read_back(tmp_path, "boxes", "instances")
    np.testing.assert_array_equal(found["a"].mask, store.read(0)[1])
    assert "instances" not in found["a"].layers  # one of them has no class to be an annotation of
    content = json.loads((tmp_path / "out" / "annotations" / "train.json").read_text())
    annotations = [
        (each["category_id"], each["bbox"], each["area"], each.get("isthing", 1)) for each in content["annotations"]
    ]
    first, second = (1, [2, 2, 4, 4], 16), (1, [6, 2, 6, 4], 24)
    others = [(1, [10, 10, 10, 5], 50), (2, [10, 15, 10, 5], 50)]
    rest = (2, [0, 22, 24, 2], 47, 0)
    expected = [(*first, 1), (*second, 1), *((*each, int(not has_boxes)) for each in others), rest]
    assert sorted(annotations) == sorted(expected)
    assert len(found["a"].layers["boxes"].values) == (2 if has_boxes else 4)
    assert INSTANCES in notes
    assert [note for note in notes if "not exported" in note or "not known" in note] == [
        "not exported, because they have no class in the mask: 1 instance",
        f"the instances of 1 image {BACK}",
    ]


class Known(Numbered):
    """The same without the thing that has no class, and with a part of which things are not known."""

    def read(self, item: Item) -> Sample:
        sample = super().read(item)
        assert sample.mask is not None
        things = sample.layers["things"].values
        things[22, 22], things[11, 11:14] = 0, UNKNOWN
        sample.mask[0, 0] = IGNORE
        return sample


@pytest.mark.parametrize("has_boxes", [False, True])
def test_instances_come_back_with_their_numbers(tmp_path: Path, has_boxes: bool) -> None:
    store, _ = exported(Known(has_boxes=has_boxes), tmp_path)
    _, found = read_back(tmp_path, "instances")
    np.testing.assert_array_equal(found["a"].mask, store.read(0)[1])
    expected = store.read_layers(0)["things"].copy()
    assert set(np.unique(expected)) == {0, 7, 9, 500, UNKNOWN}
    expected[0, 0] = UNKNOWN  # where the mask is ignored
    np.testing.assert_array_equal(found["a"].layers["instances"].values, expected)
    assert not found["a"].dropped


class Beyond(Source):
    """Images of which one lacks the mask, one the instances, and of the others something lies beyond the classes."""

    name = "beyond"
    mask_classes = ("background", "cat")
    layers = MappingProxyType({"things": InstancesForm()})

    def items(self) -> list[Item]:
        return [Item(id, "train") for id in ("whole", "unmasked", "lacking", "larger", "unknown", "ignored")]

    def read(self, item: Item) -> Sample:
        image = np.full((SIDE, SIDE, 3), len(item.id), np.uint8)
        things, mask = np.zeros((SIDE, SIDE), np.uint16), np.zeros((SIDE, SIDE), np.uint8)
        things[2:6, 2:6], mask[2:6, 2:6] = 5, 1
        match item.id:
            case "larger":
                things[2:6, 2:7] = 5
            case "unknown":
                things[20, 20] = UNKNOWN
            case "ignored":
                mask[2:6, 5] = IGNORE
        layers = {} if item.id == "lacking" else {"things": Layer(InstancesForm(), things)}
        return Sample(item.id, image, None if item.id == "unmasked" else mask, layers=layers)

    def provenance(self) -> dict[str, str]:
        return {"name": self.name}


def test_instances_that_cannot_be_said_are_not_known_and_counted(tmp_path: Path) -> None:
    _, notes = exported(Beyond(), tmp_path)
    _, found = read_back(tmp_path, "instances")
    assert {id for id, sample in found.items() if "instances" in sample.layers} == {"whole", "ignored"}
    assert np.unique(found["ignored"].layers["instances"].values).tolist() == [0, 5, UNKNOWN]
    assert f"the instances of 3 images {BACK}" in notes
    assert not any(sample.dropped for sample in found.values())
