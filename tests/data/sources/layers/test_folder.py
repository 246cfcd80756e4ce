"""Layers of a folder: what is read, and what is said of what cannot be."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.ignore import IGNORE
from auxseg.data.layers import BoxesForm, MapForm, MaskForm, MultiMaskForm, TagsForm
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources import Folder
from auxseg.data.sources.layers.pixels import to_planes
from auxseg.data.sources.layers.tags import read_tags
from auxseg.data.sources.source import SampleError
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.testing import check_source

HW = (10, 14)
LAYERS = """
organs: {kind: multimask}
stack: {kind: multimask, names: [a, b, c]}
weather: {kind: tags}
things: {kind: boxes, names: [car, person]}
depth: {kind: map, unit: m}
parts: {kind: mask, names: [none, leg]}
"""


def _picture(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


def _array(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for id in "xyz":
        _picture(tmp_path / "images" / f"{id}.png", random.integers(0, 256, (*HW, 3), np.uint8))
    liver = np.zeros(HW, np.uint8)
    liver[2:5, 3:9], liver[0] = 255, 128
    for id in "xy":
        _picture(tmp_path / "organs" / "liver" / f"{id}.png", liver)
    _picture(tmp_path / "organs" / "vessel" / "x_mask.png", (liver == 255).astype(np.uint8))
    _array(tmp_path / "stack" / "x.npy", random.integers(0, 2, (3, *HW)).astype(bool))
    _array(tmp_path / "stack" / "y.npy", np.full((*HW, 3), IGNORE, np.uint8))
    _array(tmp_path / "depth" / "x.npy", random.uniform(1, 2, HW).astype(np.float32))
    _picture(tmp_path / "parts" / "x.png", np.eye(*HW, dtype=np.uint8))
    (tmp_path / "labels.csv").write_text("id,weather,breed\nx,rain; ?snow,pug\ny,;,\nz,,pug\n")
    (tmp_path / "boxes.csv").write_text("id,x0,y0,x1,y1,name\nx,1,2,5,6,person\nx,0,0,3,3,car\ny,,,,,\n")
    (tmp_path / "layers.yaml").write_text(LAYERS)
    return tmp_path


def test_every_kind_of_layer_is_read(folder: Path) -> None:
    source = Folder(folder)
    check_source(source)
    assert source.layers == {
        "organs": MultiMaskForm(("liver", "vessel")),
        "stack": MultiMaskForm(("a", "b", "c")),
        "weather": TagsForm(("rain", "snow")),
        "things": BoxesForm(("car", "person")),
        "depth": MapForm(unit="m"),
        "parts": MaskForm(("none", "leg")),
    }
    x, y, z = (source.read(item) for item in source.items())
    assert set(x.layers) == set(source.layers)
    assert set(y.layers) == {"organs", "stack", "weather", "things"}
    assert z.layers == {}
    assert x.dropped + y.dropped + z.dropped == ()
    organs = MultiMaskForm(("liver", "vessel")).unpack(x.layers["organs"].values)
    assert organs[0, 3, 4] == 1
    assert organs[0, 9, 9] == 0
    assert (organs[0, 0] == IGNORE).all()
    assert organs[1].sum() == 18
    assert (MultiMaskForm(("liver", "vessel")).unpack(y.layers["organs"].values)[1] == IGNORE).all()
    stack = MultiMaskForm(("a", "b", "c")).unpack(x.layers["stack"].values)
    np.testing.assert_array_equal(stack, np.load(folder / "stack" / "x.npy"))
    assert x.layers["weather"].values.tolist() == [1, IGNORE]
    assert y.layers["weather"].values.tolist() == [0, 0]
    assert x.layers["things"].values.tolist() == [[1, 2, 5, 6, 1, 0], [0, 0, 3, 3, 0, 0]]
    assert y.layers["things"].values.shape == (0, 6)
    assert (dict(x.classes), dict(y.classes)) == ({"breed": "pug"}, {})
    assert not any("weather" in remark and "left out" in remark for remark in source.remarks)


def test_a_store_holds_them(folder: Path, tmp_path: Path) -> None:
    source = pickle.loads(pickle.dumps(Folder(folder)))
    report = prepare(source, tmp_path / "a.h5", size=16, resize="letterbox", split="100-0-0")
    assert not report.dropped
    assert not any(finding.kind == "boxes left out" for finding in report.findings)
    store = Store.open(report.path)
    present = {name: layer.present.tolist() for name, layer in store.layers.items()}
    assert present["organs"] == present["weather"] == present["things"] == [True, True, False]
    assert len(store.read_layers(0)["things"]) == 2
    assert len(store.read_layers(1)["things"]) == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("organs: [1]", r"organs should be a mapping with a kind, such as 'kind: map', not \[1\]"),
        ("depth: map", r"depth should be a mapping with a kind, such as 'kind: map', not .map."),
        ("depth: {kind: map, scale: 0}", "depth: scale should be a number above 0, such as 0.001, not 0"),
        ("parts: {kind: mask}", "parts needs names: a list of its classes"),
        ("organs: {kind: blob}", "one of map, mask, multimask, tags, boxes, points, instances, not 'blob'"),
        ("organs: {kind: multimask, nams: [a]}", "organs has no setting 'nams'.*names"),
        ("organs: {kind: multimask, names: [liver]}", "holds the folder vessel, which is none of liver"),
        ("gone: {kind: multimask, names: [a]}", "gone does not exist"),
        ("stack: {kind: multimask}", "stack needs names: a list of its classes"),
        ("stack: {kind: multimask, names: [a, a, a]}", "have the same name"),
        ("breeds: {kind: tags}", "breeds should be a column of labels.csv"),
        ("9x: {kind: mask, names: [a]}", "the name of the layer '9x' should be a letter"),
    ],
)
def test_a_wrong_declaration_is_refused(folder: Path, change: str, reason: str) -> None:
    (folder / "layers.yaml").write_text(change)
    with pytest.raises(InputError, match=reason):
        Folder(folder)


@pytest.mark.parametrize(
    ("path", "values", "reason"),
    [
        ("organs/liver/x.png", np.full(HW, 7, np.uint8), "liver/x.png holds 7, expected 0, 255 .or 1. where the class"),
        ("organs/liver/x.png", np.tile(np.array([1, 255], np.uint8), (10, 7)), "holds both 1 and 255"),
        ("organs/liver/x.png", np.zeros((*HW, 3), np.uint8) + np.arange(3, dtype=np.uint8), "has colours"),
        ("organs/liver/x.png", np.zeros((3, 3), np.uint8), "have different sizes: 3 x 3 and 10 x 14"),
        ("stack/x.npy", np.zeros((4, *HW)), r"stack has the shape \(4, 10, 14\), expected 3 x h x w"),
        ("stack/x.npy", np.full((3, *HW), 2), "stack holds 2, expected 0, 1, or 255"),
        (
            "stack/x.npy",
            np.zeros((3, 5, 5), np.uint8),
            "its layer 'stack' is 5 x 5 x 2, but its image asks",
        ),
    ],
)
def test_a_file_that_cannot_be_used_costs_its_layer_and_is_named(
    folder: Path, tmp_path: Path, path: str, values: np.ndarray, reason: str
) -> None:
    (_array if path.endswith("npy") else _picture)(folder / path, values)
    report = prepare(Folder(folder), tmp_path / "a.h5", size=16, split="100-0-0")
    ((id, said),) = report.dropped
    assert id == "x"
    with pytest.raises(ValueError, match=reason):
        raise ValueError(said)
    present = {name: layer.present.tolist() for name, layer in Store.open(report.path).layers.items()}
    assert [name for name, rows in present.items() if not rows[0]] == [path.split("/")[0]]


def test_a_tag_or_a_class_that_is_not_listed_costs_the_layer_of_its_image(folder: Path) -> None:
    text = LAYERS.replace("{kind: tags}", "{kind: tags, names: [rain, wind]}").replace("[car, person]", "[car, dog]")
    (folder / "layers.yaml").write_text(text)
    source = Folder(folder)
    sample = source.read(source.items()[0])
    assert sample.dropped == (
        "its tags 'weather' hold 'snow'; listed are rain, wind",
        "its boxes hold the class 'person'; things lists car, dog",
    )


def test_boxes_outside_and_empty_ones_are_named_and_leave_all_unknown(folder: Path, tmp_path: Path) -> None:
    rows = ["x,1,2,5,6,car", "x,20,20,30,30,car", "x,4,4,4,9,car", "x,-2,0,3,30,person"]
    (folder / "boxes.csv").write_text("id,x0,y0,x1,y1,name\n" + "\n".join(rows) + "\n")
    report = prepare(Folder(folder), tmp_path / "a.h5", size=28, split="100-0-0")
    reasons = [reason for _, reason in report.dropped]
    assert sum("is empty, or not within the image of 14 x 10" in reason for reason in reasons) == 2
    assert "its box from 20, 20 to 30, 30 is empty or outside of its image, so things is not known" in reasons
    assert not Store.open(report.path).layers["things"].present[0]


def test_a_box_that_reaches_out_is_cut(folder: Path, tmp_path: Path) -> None:
    (folder / "boxes.csv").write_text("id,x0,y0,x1,y1,name\nx,1,2,5,6,car\nx,-2,0,3,30,person\n")
    kept = Store.open(prepare(Folder(folder), tmp_path / "a.h5", size=28, split="100-0-0").path)
    rows = kept.read_layers(0)["things"]
    assert rows[:, 4].tolist() == [0, 1]
    np.testing.assert_allclose(rows[1, :4], [0, 0, 6, 28])


def test_a_palette_says_by_its_colours_where_a_class_is(folder: Path) -> None:
    """A tool that numbers white 0 and black 1 means the same mask."""
    path = folder / "organs" / "liver" / "x.png"
    before = Folder(folder)
    first = before.read(before.items()[0]).layers["organs"].values
    with Image.open(path) as file:
        values = np.asarray(file).copy()
    values[values == 128] = 0
    _picture(path, values)
    expected = Folder(folder)
    indexed = Image.fromarray(np.select([values == 255], [0], 1).astype(np.uint8), "P")
    indexed.putpalette([255, 255, 255, 0, 0, 0])
    wanted = expected.read(expected.items()[0]).layers["organs"].values.copy()
    indexed.save(path)
    after = Folder(folder)
    np.testing.assert_array_equal(after.read(after.items()[0]).layers["organs"].values, wanted)
    assert not np.array_equal(first, wanted)


def test_a_turned_image_with_layers_alone_is_undecided(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(np.zeros((*HW, 3), np.uint8)).save(folder / "images" / "x.jpg", exif=exif)
    (folder / "images" / "x.png").unlink()
    source = Folder(folder)
    assert not source.read(source.items()[0]).orientation.is_decided


def test_a_tag_that_is_certain_and_uncertain_is_refused() -> None:
    form = TagsForm(("rain", "snow"))
    for cell in ("rain;?rain", "?rain;rain"):
        with pytest.raises(SampleError, match=r"its tags 'weather' hold 'rain' both with and without"):
            read_tags(cell, form, "weather")


def test_a_folder_without_the_file_has_no_layers(folder: Path) -> None:
    (folder / "layers.yaml").unlink()
    source = Folder(folder)
    assert source.layers == {}
    assert source.read(source.items()[0]).classes == {"weather": "rain; ?snow", "breed": "pug"}


def test_a_multimask_of_one_class_needs_no_axis_of_classes() -> None:
    plane = np.eye(4, 5, dtype=np.uint8)
    np.testing.assert_array_equal(to_planes(plane, MultiMaskForm(("rain",)), "weather"), plane[None])
    with pytest.raises(SampleError, match="has the shape"):
        to_planes(plane, MultiMaskForm(("rain", "snow")), "weather")


def test_a_table_of_its_own_holds_boxes_and_crowds(folder: Path) -> None:
    rows = ["x,1,2,5,6.5,tree,0", "x,0,0,9,9,tree,1.0", "x,2,2,3,3,,", "y,,,,,,"]
    (folder / "trees.csv").write_text("id,x0,y0,x1,y1,name,crowd\n" + "\n".join(rows) + "\n")
    (folder / "layers.yaml").write_text("trees: {kind: boxes, table: trees.csv}\nthings: {kind: boxes}\n")
    source = Folder(folder)
    assert source.layers["trees"] == BoxesForm(("object", "tree"))
    assert not any("trees.csv" in remark for remark in source.remarks)
    x, y, z = (source.read(item) for item in source.items())
    assert x.layers["trees"].values.tolist() == [[1, 2, 5, 6.5, 1, 0], [2, 2, 3, 3, 0, 0], [0, 0, 9, 9, 1, 1]]
    assert y.layers["trees"].values.shape == (0, 6)
    assert "trees" not in z.layers
    assert [box.name for box in x.boxes] == ["person", "car"]
    assert len(x.layers["things"].values) == 2


@pytest.mark.parametrize(
    ("table", "text", "message"),
    [
        ("gone.csv", None, r"gone\.csv does not exist; it should hold the boxes of the layer trees"),
        ("../t.csv", None, r"trees: table should be the name of a table beside images/, not '\.\./t\.csv'"),
        ("3", None, "trees: table should be the name of a table beside images/, not 3"),
        ("t.csv", "id,x0,y0,x1\nx,1,2,3\n", r"t\.csv has no column 'y1'"),
        ("t.csv", "id,x0,y0,x1,y1\nx,1,2,3,b\n", r"t\.csv, line 2: x0, y0, x1, y1 should be numbers"),
        ("t.csv", "id,x0,y0,x1,y1,crowd\nx,1,2,3,4,maybe\n", r"t\.csv, line 2: crowd should be true or false"),
        ("t.csv", "id,x0,y0,x1,y1,iscrowd\nx,1,2,3,4,1\n", r"t\.csv has the column 'iscrowd'; boxes have x0, y0"),
        ("..", None, r"table should be the name of a table beside images/, not '\.\.'"),
        ('""', None, r"table should be the name of a table beside images/, not ''"),
        ("t.csv, of: cells", None, "trees: boxes are read from a table or made around the instances of a layer"),
    ],
)
def test_tables_of_boxes_that_are_wrong_are_refused(folder: Path, table: str, text: str | None, message: str) -> None:
    if text is not None:
        (folder / table).write_text(text)
    (folder / "layers.yaml").write_text(f"trees: {{kind: boxes, table: {table}}}\n")
    with pytest.raises(InputError, match=message):
        Folder(folder)


def test_a_class_that_a_table_of_boxes_does_not_list_costs_the_layer(folder: Path) -> None:
    (folder / "trees.csv").write_text("id,x0,y0,x1,y1,name,crowd\nx,1,2,5,6,tree,0\nx,1,2,5,6,bush,1\n")
    (folder / "layers.yaml").write_text("trees: {kind: boxes, table: trees.csv, names: [tree]}\n")
    source = Folder(folder)
    sample = source.read(source.items()[0])
    assert "trees" not in sample.layers
    assert "its boxes hold the class 'bush'; trees lists tree" in sample.dropped


def test_a_row_of_a_table_of_boxes_without_an_image_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "trees.csv").write_text("id,x0,y0,x1,y1\nx,1,2,5,6\ngone,1,2,5,6\n")
    (folder / "layers.yaml").write_text("trees: {kind: boxes, table: trees.csv}\n")
    report = prepare(Folder(folder), tmp_path / "a.h5", size=28, split="100-0-0")
    assert [id for id, _ in report.skipped] == ["gone"]


def test_columns_of_boxes_that_are_not_read_are_named(folder: Path) -> None:
    (folder / "boxes.csv").write_text("id,x0,y0,x1,y1,name,crowd,area\nx,1,2,5,6,car,1,3\n")
    assert "boxes.csv: not read: crowd, area" in Folder(folder).remarks
