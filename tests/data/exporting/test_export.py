"""A store that is exported and prepared again is the same store."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO

from auxseg.data.exporting.coco import INSTANCES, PAIRS, CocoWriter
from auxseg.data.exporting.export import FORMS, export_data
from auxseg.data.exporting.folder_layers import renumbered
from auxseg.data.exporting.labelled_picture import LabelledPicture
from auxseg.data.layers import BoxesForm, InstancesForm, Layer, MapForm, MultiMaskForm, PointsForm, TagsForm
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE, Sample, Vocabulary
from auxseg.data.sources import Folder, open_source
from auxseg.data.sources.arrays.values import to_instances
from auxseg.data.sources.source import Item, Source
from auxseg.data.store.store import Store
from auxseg.data.synthesize import synthesize
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from tests.data.layered import FORMS as LAYERS
from tests.data.layered import LayeredSource
from tests.data.pictures import DrawnSource, draw_sample
from tests.run.conftest import Uneven

SIZE = 32


class _Named(Source):
    """Uneven samples with folders, groups and two more mask classes, at sizes that leave padding."""

    name = "named"
    mask_classes = ("background", "animal", "eye", "never")
    category_ids = (0, 7, 3, 9)

    def __init__(self) -> None:
        self._whole = Uneven(20)

    def items(self) -> list[Item]:
        splits = ("train", "val", "test", "train")
        return [replace(item, split=splits[place % 4]) for place, item in enumerate(self._whole.items())]

    def read(self, item: Item) -> Sample:
        sample = self._whole.read(item)
        mask = None if sample.mask is None else sample.mask[:, 4:28].copy()
        if mask is not None:
            mask[-2:, :3] = 2
        boxes = tuple(replace(box, x0=max(box.x0 - 4, 0), x1=min(box.x1 - 4, 24)) for box in sample.boxes)
        boxes = tuple(box for box in boxes if box.x0 < box.x1)
        return replace(sample, image=sample.image[:, 4:28].copy(), mask=mask, boxes=boxes, group=f"g{sample.id[-1]}")

    def provenance(self) -> dict[str, str]:
        return {"name": self.name}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("exported") / "named.h5"
    prepare(_Named(), path, size=SIZE, resize="letterbox")
    return Store.open(path)


def _again(folder: Path, name: str, store: Store, **options: object) -> Store:
    out = folder / "again.h5"
    prepare(open_source(name, folder / "out", **options), out, size=store.size, resize=store.resize)
    return Store.open(out)


def _assert_same_pictures(one: Store, other: Store) -> None:
    rows = {id: row for row, id in enumerate(other.ids.tolist())}
    assert len(rows) == len(one) == len(other)
    assert not other.skipped
    assert not other.dropped
    for row, id in enumerate(one.ids.tolist()):
        (image, mask), (image_again, mask_again) = one.read(row), other.read(rows[id])
        np.testing.assert_array_equal(image, image_again)
        np.testing.assert_array_equal(mask, mask_again)
        assert one.has_mask[row] == other.has_mask[rows[id]]
        assert one.split[row] == other.split[rows[id]]


def test_a_folder_is_read_back_as_the_same_store(store: Store, tmp_path: Path) -> None:
    done = []
    exported = export_data(store, tmp_path / "out", "folder", progress=lambda *numbers: done.append(numbers))
    assert done[-1] == (20, 20)
    assert (exported.num_images, exported.path) == (20, tmp_path / "out")
    again = _again(tmp_path, "folder", store)
    _assert_same_pictures(store, again)
    rows = {id: row for row, id in enumerate(again.ids.tolist())}
    order = [rows[id] for id in store.ids.tolist()]
    np.testing.assert_allclose(again.boxes[order], store.boxes, atol=1e-6)
    assert again.groups[order].tolist() == store.groups.tolist()
    assert again.vocabulary.mask_classes == store.vocabulary.mask_classes
    assert again.vocabulary.labels == store.vocabulary.labels
    for label, ids in store.classes.items():
        np.testing.assert_array_equal(again.classes[label][order], ids)
    assert np.isnan(store.boxes).any(1).sum() > 3
    assert (~store.has_mask).sum() > 3


def test_coco_is_read_back_with_the_same_masks(store: Store, tmp_path: Path) -> None:
    exported = export_data(store, tmp_path / "out", "coco")
    assert "they stand in the images' entries" in exported.notes[1]
    files = {split: tmp_path / f"out/annotations/{split}.json" for split in ("train", "val", "test")}
    again = _again(tmp_path, "coco", store, annotations=files)
    assert again.vocabulary.mask_classes == ("background", "eye", "animal", "never")  # by ascending id
    images = [image for file in files.values() for image in json.loads(file.read_text())["images"]]
    names = {str(image["id"]): image["file_name"].removesuffix(".png") for image in images}
    found = {names[id]: again.read(row)[1] for row, id in enumerate(again.ids.tolist())}
    number = np.arange(256, dtype=np.uint8)
    number[[1, 2]] = [2, 1]
    for row, id in enumerate(store.ids.tolist()):
        np.testing.assert_array_equal(found[id], number[store.read(row)[1]])  # all ignored without a mask


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools and NumPy 2
def test_other_programs_read_the_annotations(store: Store, tmp_path: Path) -> None:
    export_data(store, tmp_path / "out", "coco")
    coco = COCO(tmp_path / "out" / "annotations" / "train.json")
    assert [(each["id"], each["name"]) for each in coco.loadCats([3, 7, 9])] == [
        (3, "eye"),
        (7, "animal"),
        (9, "never"),
    ]
    rows = {id: row for row, id in enumerate(store.ids.tolist())}
    num_found = 0
    images: list[dict[str, Any]] = [dict(image) for image in coco.loadImgs(coco.getImgIds())]
    for image in images:
        row = rows[image["file_name"].removesuffix(".png")]
        y0, y1, x0, x1 = store.inside(row)
        for annotation in coco.loadAnns(coco.getAnnIds([image["id"]], iscrowd=False)):
            true = store.read(row)[1][y0:y1, x0:x1] == store.vocabulary.category_ids.index(annotation["category_id"])
            np.testing.assert_array_equal(coco.annToMask(annotation).astype(bool), true)
            num_found += 1
        assert image["classes"]["species"] in ("cat", "dog")
    assert num_found > 10


@pytest.mark.parametrize("form", FORMS)
def test_what_is_there_already_is_left_alone(form: str, store: Store, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="out exists already; give the name of a new directory"):
        export_data(store, tmp_path / "out", form)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "thesis.txt"]


@pytest.mark.parametrize("id", ["../up", "/etc/passwd", "a//b", "./a", "", "a\0b", ".hidden", "a/.b"])
def test_an_id_that_leaves_the_folder_is_refused(id: str, store: Store, tmp_path: Path) -> None:
    ids = store.ids.copy().astype(object)
    ids[3] = id
    with pytest.raises(InputError, match="cannot be the name of a file in a folder"):
        export_data(replace(store, ids=ids), tmp_path / "out", "folder")
    assert list(tmp_path.iterdir()) == []


def test_what_fails_on_the_way_leaves_nothing(store: Store, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_data(store, tmp_path / "out", "folder", progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"labels": {"group": ("a",)}}, "a label called 'group' cannot stand in labels.csv"),
        ({"mask_classes": ("background", "# odd")}, r"the mask classes 'background', '# odd' cannot be written"),
        ({"mask_classes": ("background", "two\nlines")}, r"cannot be written to classes\.txt; use coco"),
        ({"mask_classes": ("red 1 2 3", "blue 4 5 6")}, r"cannot be written to classes\.txt; use coco"),
    ],
)
def test_names_that_could_not_be_read_back_are_refused(
    changes: dict[str, Any], reason: str, store: Store, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=reason):
        export_data(replace(store, vocabulary=replace(store.vocabulary, **changes)), tmp_path / "out", "folder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", FORMS)
def test_what_differs_from_the_store_is_said(form: str, store: Store, tmp_path: Path) -> None:
    rooms = Store.open(synthesize(tmp_path / "rooms.h5", kind="rooms", num_samples=2, size=SIZE).path)
    notes = export_data(rooms, tmp_path / "rooms", form).notes
    assert [note for note in notes if "layers" in note] == (
        ["its layers are not exported: depth, normals"] if form == "coco" else []
    )
    assert any("a class background beside those of the store" in note for note in notes) == (form == "coco")
    kept = Store.open(prepare(_Named(), tmp_path / "kept.h5", size=SIZE, original_masks=True).path)
    notes = export_data(kept, tmp_path / "kept", form).notes
    assert notes[1] == "its masks at the original size are not exported"
    notes = export_data(store, tmp_path / "out", form).notes
    assert not any("original" in note for note in notes)
    assert any("masks number the classes from 0" in note for note in notes) == (form == "folder")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"size": SIZE}, "at most 32 px wide and high, stretched to squares"),
        ({"size": (24, 32)}, "at most 24 px high and 32 px wide, stretched to this size"),
        ({"size": SIZE, "resize": "letterbox"}, "at most 32 px wide and high, without their padding"),
        ({"size": "original"}, "each at its own size"),
    ],
)
def test_the_size_of_the_images_is_said(how: dict[str, Any], said: str, tmp_path: Path) -> None:
    store = Store.open(prepare(_Named(), tmp_path / "a.h5", **how).path)
    assert export_data(store, tmp_path / "out", "folder").notes[0].endswith(said)


def test_another_form_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--to: expected one of folder, coco, found 'yolo'"):
        export_data(store, tmp_path / "out", "yolo")


def test_names_with_folders_stay(store: Store, tmp_path: Path) -> None:
    ids = store.ids.copy().astype(object)
    ids[3] = "left/right/3"
    export_data(replace(store, ids=ids), tmp_path / "out", "coco")
    assert (tmp_path / "out" / "images" / "left" / "right" / "3.png").is_file()
    files = [json.loads(path.read_text())["images"] for path in (tmp_path / "out" / "annotations").iterdir()]
    assert "left/right/3.png" in [image["file_name"] for images in files for image in images]


class _Layered(LayeredSource):
    """Drawn samples with key points and instances, each of which one lacks."""

    layers = MappingProxyType({name: LayeredSource.layers[name] for name in ("joints", "cells")})

    def __init__(self) -> None:
        super().__init__(8, {(1, "joints"), (2, "cells")})

    def read(self, item: Item) -> Sample:
        sample = super().read(item)
        return replace(sample, layers={name: each for name, each in sample.layers.items() if name in self.layers})


def test_all_layers_come_back_from_a_folder(tmp_path: Path) -> None:
    lacking = {(number, name) for number, name in enumerate(LAYERS)}
    prepare(LayeredSource(len(LAYERS), lacking), tmp_path / "a.h5", size=SIZE, resize="letterbox")
    store = Store.open(tmp_path / "a.h5")
    notes = export_data(store, tmp_path / "out", "folder").notes
    assert not any("not exported" in note or "not known" in note for note in notes)
    again = _again(tmp_path, "folder", store)
    assert {name: layer.form for name, layer in again.layers.items()} == LAYERS
    rows = {id: row for row, id in enumerate(again.ids.tolist())}
    for row, id in enumerate(store.ids.tolist()):
        mine, other = store.read_layers(row), again.read_layers(rows[id])
        for name, form in LAYERS.items():
            assert again.layers[name].present[rows[id]] == store.layers[name].present[row]
            close = 1e-3 if isinstance(form, MapForm) and form.is_direction else 1e-4
            np.testing.assert_allclose(
                other[name].astype(np.float64), mine[name].astype(np.float64), atol=close, rtol=0, err_msg=name
            )
    assert not again.dropped


class _Few(DrawnSource):
    """One sample of few layers, of one kind and one name each."""

    def __init__(self, **layers: Layer) -> None:
        super().__init__([replace(draw_sample(0), layers=layers)], ["train"])
        self.layers = {name: layer.form for name, layer in layers.items()}


def _exported(tmp_path: Path, **layers: Layer) -> tuple[tuple[str, ...], Folder]:
    """The notes of an export, and the folder as it is read."""
    store = Store.open(prepare(_Few(**layers), tmp_path / "a.h5", size="original").path)
    notes = export_data(store, tmp_path / "out", "folder").notes
    return notes, Folder(tmp_path / "out")


def test_a_layer_called_boxes_stands_beside_the_box(tmp_path: Path) -> None:
    form = BoxesForm(("yes", "no"))
    rows = np.array([[1, 2, 9, 9.5, 0, 0], [3, 3, 40, 30, 1, 1]], np.float32)
    notes, source = _exported(tmp_path, boxes=Layer(form, rows), empty=Layer(form, rows[:0]))
    assert dict(source.layers) == {"boxes": form, "empty": form}
    sample = source.read(source.items()[0])
    np.testing.assert_array_equal(sample.layers["boxes"].values, rows)
    assert sample.layers["empty"].values.shape == (0, 6)
    assert len(sample.boxes) == len(draw_sample(0).boxes)
    assert not any("not exported" in note for note in notes)


@pytest.mark.parametrize(
    "layer",
    [
        Layer(TagsForm(("rain;snow", "wind")), np.array([1, 0], np.uint8)),
        Layer(TagsForm(("?", "wind")), np.array([1, 0], np.uint8)),
        Layer(TagsForm((" wind",)), np.array([1], np.uint8)),
        Layer(BoxesForm((" car",)), np.array([[1, 2, 9, 9, 0, 0]], np.float32)),
    ],
)
def test_names_that_a_cell_cannot_hold_are_not_exported(tmp_path: Path, layer: Layer) -> None:
    notes, source = _exported(tmp_path, some=layer)
    assert "its layers are not exported: some" in notes
    assert not source.layers


def test_zeros_that_are_read_back_as_unknown_are_counted(tmp_path: Path) -> None:
    values = np.full((40, 50, 1), 7, np.float32)
    values[:2, :3] = 0
    pair = np.full((40, 50, 2), 7, np.float32)
    pair[0, :4], pair[1, :2, 0], pair[1, 0, 1] = 0, 0, np.nan
    layers = {
        "heat": Layer(MapForm(unit="K"), values),
        "pair": Layer(MapForm(2, "K"), pair),
        "plain": Layer(MapForm(), values),
        "depth": Layer(MapForm(unit="m"), values),
        "flow": Layer(MapForm(2, "px", is_vector=True), pair),
    }
    notes, source = _exported(tmp_path, **layers)
    said = "data prepare takes 0 in a map with a unit for not known: {} pixels of {}"
    assert [note for note in notes if "not known" in note] == [said.format(6, "heat"), said.format(5, "pair")]
    sample = source.read(source.items()[0])
    assert np.isnan(sample.layers["heat"].values).sum() == 6
    np.testing.assert_array_equal(sample.layers["plain"].values, values)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("group", Layer(TagsForm(("rain",)), np.array([1], np.uint8))),
        ("mask", Layer(TagsForm(("rain",)), np.array([1], np.uint8))),
        ("labels", Layer(PointsForm(("nose",)), np.array([[1, 2, 2]], np.float32))),
        ("hand", Layer(PointsForm((" nose",)), np.array([[1, 2, 2]], np.float32))),
        ("images", Layer(InstancesForm(), np.ones((40, 50), np.uint16))),
        ("organs", Layer(MultiMaskForm(("a/b",)), np.zeros((40, 50, 2), np.uint8))),
        ("many", Layer(TagsForm(tuple(f"{n:0100d}" for n in range(1200))), np.zeros(1200, np.uint8))),
        ("much", Layer(BoxesForm(tuple(f"{n:0400d}" for n in range(1000))), np.zeros((0, 6), np.float32))),
    ],
)
def test_a_layer_that_a_folder_cannot_hold_is_left_out_and_named(tmp_path: Path, name: str, layer: Layer) -> None:
    other = Layer(MapForm(), np.full((40, 50, 1), 7, np.float32))
    notes, source = _exported(tmp_path, **{name: layer, "other": other})
    assert f"its layers are not exported: {name}" in notes
    assert set(source.layers) == {"other"}
    assert source.read(source.items()[0]).layers.keys() == {"other"}


def test_layers_whose_names_meet_have_tables_of_their_own(tmp_path: Path) -> None:
    names = ("boxes", "boxes_2", "labels", "labels_2", "spots")
    layers = {
        name: Layer(BoxesForm((name,)), np.array([[place, 1, place + 2, 5, 0, 0]], np.float32))
        for place, name in enumerate(names)
    }
    layers["labels_2"] = Layer(PointsForm(("nose",)), np.array([[1, 2, 2]], np.float32))
    _, source = _exported(tmp_path, **layers)
    sample = source.read(source.items()[0])
    for name, layer in layers.items():
        assert source.layers[name] == layer.form
        np.testing.assert_array_equal(sample.layers[name].values, layer.values)


def test_names_of_images_with_folders_keep_their_layers(tmp_path: Path) -> None:
    store = Store.open(prepare(LayeredSource(4), tmp_path / "a.h5", size=SIZE).path)
    ids = np.array(["left/right/3", "left/4", "a/b", "c"], object)
    named = replace(store, ids=ids)
    export_data(named, tmp_path / "out", "folder")
    again = Store.open(prepare(Folder(tmp_path / "out"), tmp_path / "b.h5", size=SIZE).path)
    rows = {id: row for row, id in enumerate(again.ids.tolist())}
    assert set(rows) == {*ids}
    for row, id in enumerate(ids):
        for name, values in store.read_layers(row).items():
            np.testing.assert_allclose(again.read_layers(rows[id])[name], values, atol=1e-3, err_msg=name)


def test_tags_that_do_not_fit_or_are_not_known_come_back(tmp_path: Path) -> None:
    form = TagsForm(("rain", "snow?", "wind"))
    values = {"none": [0, 0, 0], "maybe": [1, IGNORE, 0], "unknown": [IGNORE, IGNORE, IGNORE]}
    layers = {name: Layer(form, np.array(each, np.uint8)) for name, each in values.items()}
    _, source = _exported(tmp_path, **layers)
    sample = source.read(source.items()[0])
    for name, each in values.items():
        assert source.layers[name] == form
        assert sample.layers[name].values.tolist() == each


def test_a_layer_that_no_image_has_is_named(tmp_path: Path) -> None:
    source = LayeredSource(2, {(index, name) for index in range(2) for name in LAYERS if name != "depth"})
    store = Store.open(prepare(source, tmp_path / "a.h5", size=SIZE).path)
    notes = export_data(store, tmp_path / "out", "folder").notes
    unseen = ", ".join(name for name in LAYERS if name != "depth")
    assert f"its layers are not exported, because no image has them: {unseen}" in notes
    assert dict(Folder(tmp_path / "out").layers) == {"depth": LAYERS["depth"]}


def test_the_number_255_of_an_instance_comes_back_as_another(tmp_path: Path) -> None:
    values = np.full((40, 50), 255, np.uint16)
    values[:20] = 3
    _, source = _exported(tmp_path, cells=Layer(InstancesForm(), values))
    found = source.read(source.items()[0]).layers["cells"].values
    assert np.unique(found).tolist() == [3, 256]


def test_an_instance_of_the_number_255_is_one_in_the_folder_too(tmp_path: Path) -> None:
    instances = np.zeros((2, 3), np.uint16)
    instances[0] = 0, 3, 255
    instances[1] = 65535, 255, 0
    values, _ = to_instances(renumbered(instances), "cells")
    np.testing.assert_array_equal(values, [[0, 3, 256], [65535, 256, 0]])
    instances[1, 2] = 300
    np.testing.assert_array_equal(to_instances(renumbered(instances), "cells")[0], instances)


def test_points_come_back_from_coco_where_an_outline_holds_them(tmp_path: Path) -> None:
    prepare(_Layered(), tmp_path / "a.h5", size=SIZE, resize="letterbox")
    store = Store.open(tmp_path / "a.h5")
    notes = export_data(store, tmp_path / "out", "coco").notes
    assert INSTANCES in notes
    files = {split: tmp_path / "out" / "annotations" / f"{split}.json" for split in ("train", "val", "test")}
    source = open_source("coco", tmp_path / "out", annotations=files, layers=("points",))
    found = {item.id: source.read(item) for item in source.items()}
    named = {
        image["id"]: image["file_name"] for path in files.values() for image in json.loads(path.read_text())["images"]
    }
    num_lost = 0
    for row, id in enumerate(store.ids.tolist()):
        (sample,) = (each for key, each in found.items() if named[int(key.split("/")[-1])] == f"{id}.png")
        values = store.layers["joints"].form.cut(store.read_layers(row)["joints"], store.inside(row))
        if "points" in sample.layers:
            np.testing.assert_allclose(sample.layers["points"].values, values, atol=1e-4)
        else:
            num_lost += bool(store.layers["joints"].present[row])
    said = [note for note in notes if note.startswith("the key points of")]
    assert said == ([f"the key points of {num_lost} images without an outline are not exported"] if num_lost else [])
    assert num_lost < 7


def test_pairs_and_the_numbers_of_key_points_stand_in_coco(tmp_path: Path) -> None:
    form = PointsForm(("thumb", "pinky"), (("thumb", "pinky"),))
    writer = CocoWriter(
        tmp_path, Vocabulary(Size(3, 3), ("background", "a", "b"), {}, category_ids=(0, 1, 2), layers={"hand": form})
    )
    for name, layers in (("a", {"hand": np.array([[1.5, 2.5, 2], [0, 0, 0]], np.float32)}), ("b", {})):
        mask = np.array([[0, 1, 1], [2, 2, 2], [1, 1, 1]], np.uint8)
        picture = LabelledPicture(name, np.zeros((3, 3, 3), np.uint8), mask, None, {}, "", "train", layers)
        writer.add(picture, f"{name}.png")
    assert PAIRS in writer.finish()
    content = json.loads((tmp_path / "annotations" / "train.json").read_text())
    assert all(each["flip_pairs"] == [["thumb", "pinky"]] for each in content["categories"])
    found = [(each["keypoints"], each["num_keypoints"]) for each in content["annotations"]]
    none = ([0] * 6, 0)
    assert found == [([1, 2, 2, 0, 0, 0], 1), none, none, none]
    assert open_source("coco", tmp_path / "annotations" / "train.json", layers=("points",)).layers == {"points": form}
