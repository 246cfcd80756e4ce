"""A file that is too large to be held is answered as an ordinary one: the same mask, areas, boxes and scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auxseg.cli.main import main
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources.synthetic import SyntheticSource
from auxseg.recipe import load_recipe
from auxseg.run import Run, train
from auxseg.run.prediction import by_tiles, large_image
from tests.run.conftest import SETTINGS

SIDE = 32
HEIGHT, WIDTH = 110, 75


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    prepare(SyntheticSource(num_samples=20, size=48), folder / "data.h5", size=48)
    settings = [*SETTINGS, "training.steps=8", f"data.crop.size={SIDE}", "tasks.edges.kind=edges"]
    return train(load_recipe("tiny-mtl", settings), folder / "data.h5", folder / "run")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    image[30:70, 10:60] //= 3
    Image.fromarray(image).save(folder / "raw.tif")
    Image.fromarray(image).save(folder / "packed.tif", compression="tiff_lzw")
    np.save(folder / "array.npy", image)
    return folder


def read_mask(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def predicted(run: Run, images: Path, out: Path) -> tuple[dict[str, dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """The image and the annotations of each file."""
    paths = [str(images / name) for name in ("raw.tif", "packed.tif", "array.npy")]
    assert main(["predict", str(run.directory), *paths, "--out", str(out)]) == 0
    content = json.loads((out / "predictions.json").read_bytes())
    named = {image["output"]: image for image in content["images"]}
    return named, {
        name: [each for each in content["annotations"] if each["image_id"] == image["id"]]
        for name, image in named.items()
    }


@pytest.mark.parametrize("bands", [True, False])
def test_a_large_file_is_answered_as_an_ordinary_one(
    run: Run, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, bands: bool
) -> None:
    if bands:
        monkeypatch.setattr(by_tiles, "_MOST_AT_ONCE", 0)
    usual, regions = predicted(run, images, tmp_path / "usual")
    monkeypatch.setattr(large_image, "LARGEST_WHOLE", HEIGHT * WIDTH - 1)
    monkeypatch.setattr(large_image, "SMALL_SIDE", 40)
    large, found = predicted(run, images, tmp_path / "large")
    assert usual.keys() == large.keys() == {"raw", "packed", "array"}
    for name in large:
        masks = [read_mask(tmp_path / where / f"{name}.mask.png") for where in ("usual", "large")]
        assert masks[0].any()
        np.testing.assert_array_equal(masks[0], masks[1])
        assert large[name]["left_out"] == ["segmentation"]
        assert {large[name][key] == usual[name][key] for key in ("file_name", "width", "height", "classes")} == {True}
        assert len(found[name]) == len(regions[name]) > 1
        for one, two in zip(found[name], regions[name], strict=True):
            assert (one["category_id"], one["segmentation"]) == (two["category_id"], [])
            assert one.get("score") == pytest.approx(two.get("score"), abs=1e-5)
            if two["segmentation"]:
                assert (one["area"], one["bbox"]) == (two["area"], two["bbox"])
            else:  # the task saw the small copy
                np.testing.assert_allclose(one["bbox"], two["bbox"], atol=20)
        for kind in ("overlay", "edges"):
            for where, size in (("large", (25, 37)), ("usual", (WIDTH, HEIGHT))):
                with Image.open(tmp_path / where / f"{name}.{kind}.png") as picture:
                    assert picture.size == size


def test_what_is_not_as_usual_is_said(
    run: Run, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(large_image, "LARGEST_WHOLE", HEIGHT * WIDTH - 1)
    monkeypatch.setattr(large_image, "SMALL_SIDE", 40)
    Image.fromarray(read_mask(images / "raw.tif")).save(tmp_path / "a.png")
    paths = [str(images / "raw.tif"), str(tmp_path / "a.png")]
    assert main(["predict", str(run.directory), *paths, "--out", str(tmp_path / "out")]) in (0, 1)
    said = " ".join(capsys.readouterr().err.split())
    assert "raw.tif: large, so answered band by band; other pictures than masks are 1/3 as wide and high" in said
    assert "a.png: has 75 x 110 pixels, over the limit" in said
    assert "1 of 2 images" in said
