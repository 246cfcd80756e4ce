"""Files of layers: pictures of maps, names that are nearly those of the images, and files that are not read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources import Folder
from auxseg.data.store.store import Store
from auxseg.errors import InputError, RunError

HW = (10, 14)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for id in "xy":
        _picture(tmp_path / "images" / f"{id}.png", random.integers(0, 256, (*HW, 3), np.uint8))
    return tmp_path


def _picture(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
    return path


def _array(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values)


def _millimetres() -> np.ndarray:
    values = np.random.default_rng(1).integers(500, 60000, HW).astype(np.uint16)
    values[0] = 0
    return values


def _read(folder: Path, layers: str, id: str = "x") -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    (folder / "layers.yaml").write_text(layers)
    source = Folder(folder)
    sample = next(source.read(item) for item in source.items() if item.id == id)
    return {name: layer.values for name, layer in sample.layers.items()}, sample.dropped


def test_a_picture_of_16_bits_is_a_map_at_its_scale(folder: Path, tmp_path: Path) -> None:
    millimetres = _millimetres()
    _picture(folder / "depth" / "x.png", millimetres)
    _picture(folder / "depth" / "y.tif", millimetres)
    layers = "depth: {kind: map, unit: m, scale: 0.001}"
    expected = np.where(millimetres == 0, np.nan, millimetres / 1000).astype(np.float32)
    for id in "xy":
        values, dropped = _read(folder, layers, id)
        np.testing.assert_array_equal(values["depth"][..., 0], expected)
        assert dropped == ()
    prepare(Folder(folder), tmp_path / "a.h5", size="original", split="100-0-0")
    np.testing.assert_array_equal(Store.open(tmp_path / "a.h5").read_layers(0)["depth"][..., 0], expected)


def test_floating_point_tiff_and_arrays_are_scaled_too(folder: Path) -> None:
    numbers = np.random.default_rng(2).uniform(1, 9, HW).astype(np.float32)
    numbers[3] = np.nan
    _picture(folder / "depth" / "x.tif", numbers)
    _array(folder / "depth" / "y.npy", numbers)
    for id in "xy":
        values, _ = _read(folder, "depth: {kind: map, scale: 0.5}", id)
        np.testing.assert_array_equal(values["depth"][..., 0], numbers / 2)


def test_a_picture_without_a_scale_is_refused(folder: Path) -> None:
    _picture(folder / "depth" / "x.png", _millimetres())
    with pytest.raises(InputError, match=r"depth holds pictures such as x\.png; say in layers\.yaml what 1 in them"):
        _read(folder, "depth: {kind: map, unit: m}")


def test_pictures_in_colour_are_no_maps(folder: Path) -> None:
    _picture(folder / "depth" / "x.png", np.random.default_rng(0).integers(0, 256, (*HW, 3), np.uint8))
    palette = Image.fromarray(np.zeros(HW, np.uint8), "P")
    palette.putpalette([9, 8, 7])
    palette.save(folder / "depth" / "y.png")
    layers = "depth: {kind: map, scale: 1}"
    assert _read(folder, layers) == ({}, ("depth/x.png has colours; it should have one channel",))
    assert _read(folder, layers, "y") == ({}, ("depth/y.png has a palette; the picture of a map should be grey",))


def test_pictures_hold_no_map_of_several_channels(folder: Path) -> None:
    _picture(folder / "normals" / "x.png", np.zeros((*HW, 3), np.uint8))
    with pytest.raises(InputError, match=r"normals holds no file of a layer; expected \.npy.*, found x\.png"):
        _read(folder, "normals: {kind: map, channels: 3, is_vector: true}")


def test_normals_in_whole_numbers_are_no_unit_vectors(folder: Path) -> None:
    _array(folder / "normals" / "x.npy", np.full((*HW, 3), 200, np.uint8))
    values, dropped = _read(folder, "normals: {kind: map, channels: 3, is_vector: true}")
    assert (values, dropped) == (
        {},
        ("its normals holds uint8, expected unit vectors as floating-point numbers",),
    )


def test_numbers_beyond_float32_are_named_without_a_warning(folder: Path, tmp_path: Path) -> None:
    _array(folder / "depth" / "x.npy", np.full(HW, 1e300))
    (folder / "layers.yaml").write_text("depth: {kind: map}")
    with pytest.raises(RunError, match="too large for float32"):
        prepare(Folder(folder), tmp_path / "a.h5", size=16, split="100-0-0")


def test_the_name_of_the_layer_may_stand_behind_that_of_the_image(folder: Path) -> None:
    _array(folder / "depth" / "x_depth.npy", np.ones(HW))
    _picture(folder / "parts" / "X-parts.PNG", np.eye(*HW, dtype=np.uint8))
    _picture(folder / "organs" / "liver" / "x_liver.png", np.eye(*HW, dtype=np.uint8))
    layers = "depth: {kind: map}\nparts: {kind: mask, names: [none, leg]}\norgans: {kind: multimask}"
    assert set(_read(folder, layers)[0]) == {"depth", "parts", "organs"}


def test_names_that_fit_no_image_are_refused_with_those_that_would(folder: Path) -> None:
    _array(folder / "depth" / "x_disparity.npy", np.ones(HW))
    with pytest.raises(InputError, match=r"no file of depth/ fits any image: .*depth/x_disparity\.npy.*_depth behind"):
        _read(folder, "depth: {kind: map}")


def test_files_that_are_not_read_are_named(folder: Path) -> None:
    _array(folder / "depth" / "x.npy", np.ones(HW))
    (folder / "depth" / "y.exr").write_bytes(b"")
    ids = np.eye(*HW, dtype=np.uint8)
    _picture(_picture(folder / "parts" / "x.png", ids).with_suffix(".jpg"), ids)
    _picture(folder / "organs" / "liver" / "x.png", ids)
    _array(folder / "organs" / "y.npy", np.ones((1, *HW)))
    (folder / "layers.yaml").write_text(
        "depth: {kind: map}\nparts: {kind: mask, names: [none, leg]}\norgans: {kind: multimask}"
    )
    said = " ".join(Folder(folder).remarks)
    for name in ("depth/: 1 file is no file that the layer is read from, left out: y.exr", "x.jpg", "y.npy"):
        assert name in said


@pytest.mark.parametrize("cell", ["?", "rain;?", "? ;rain"])
def test_a_question_mark_without_a_tag_says_nothing(folder: Path, cell: str) -> None:
    (folder / "labels.csv").write_text(f"id,weather\nx,{cell}\ny,rain\n")
    assert _read(folder, "weather: {kind: tags}") == (
        {},
        ("its tags 'weather' hold '?' without a tag; leave the cell empty if none is known",),
    )
