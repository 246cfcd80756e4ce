"""Rectangles from the command line to the last file: generated, trained on, measured, asked, exported, packed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

import auxseg
from auxseg.cli.main import main
from auxseg.data.store.store import Store
from auxseg.deploy.export.exporting import export
from auxseg.deploy.packing import pack
from auxseg.deploy.predictors import open_predictor
from auxseg.recipe import load_recipe
from auxseg.records.values.size import Size
from auxseg.report import report
from auxseg.run import Run, evaluate, load, train
from auxseg.run.load import matching_store
from tests.run.conftest import SETTINGS

STORED, SEEN = Size(48, 64), Size(40, 56)
TASKS = ("classification", "box", "edges", "distance", "noise", "rotation", "reconstruction", "colorization", "flip")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data") / "wide.h5"
    assert main(["data", "synthesize", "--out", str(out), "--samples", "20", "--size", "48x64"]) == 0
    return out


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    tasks = [f"tasks.{kind}={{kind: {kind}}}" for kind in TASKS]
    recipe = load_recipe("tiny", [*SETTINGS, *tasks, "training.steps=2", f"data.size={SEEN}"])
    run = train(recipe, data, tmp_path_factory.mktemp("runs") / "run")
    evaluate(run)
    return run


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (70, 90, 3), np.uint8)


def test_the_size_is_written_as_two_numbers(run: Run, tmp_path: Path) -> None:
    assert run.recipe.data.size == load(run).vocabulary.size == SEEN
    assert run.start.data.size == SEEN
    metrics = json.loads((run.directory / "metrics.json").read_text())
    assert metrics["data"]["size"] == [40, 56]
    page = report([run.directory], tmp_path / "report.html")
    assert "40 by 56 pixels (height by width)" in page.read_text()


def test_pictures_keep_their_shape(run: Run) -> None:
    with Image.open(run.directory / "figures" / "mistakes-1.png") as picture:
        assert picture.width / 2 / picture.height == pytest.approx(56 / 40, rel=0.02)


def test_figures_at_the_original_size_are_those_of_the_image(run: Run, data: Path) -> None:
    metrics = evaluate(run, at="original")
    assert metrics["at"] == "original"
    pixels = sum(each["pixels"] for each in metrics["classes"]["segmentation"].values())
    assert pixels == len(Store.open(data).rows("test")) * STORED.num_pixels
    assert matching_store(run, load(run)).size == SEEN


def test_a_photograph_gets_its_answers_back(run: Run, photograph: np.ndarray) -> None:
    prediction = auxseg.load(run.directory, "cpu").predict(photograph)
    assert prediction.masks["segmentation"].shape == (70, 90)
    x0, y0, x1, y1 = prediction.boxes["box"]
    assert 0 <= x0 <= x1 <= 90
    assert 0 <= y0 <= y1 <= 70


@pytest.mark.slow
def test_an_exported_network_says_the_same(run: Run, photograph: np.ndarray, tmp_path: Path) -> None:
    exported = export(run.directory, tmp_path / "model.onnx", tasks=["segmentation", "box"])
    facts = {each.key: each.value for each in onnx.load(exported.path).metadata_props}
    described = json.loads(facts["input"])
    assert described["size"] == [40, 56]
    assert "size[0] x size[1] (height x width)" in described["preprocessing"][2]
    one, other = (open_predictor(path, "cpu").predict(photograph) for path in (run.directory, exported.path))
    assert (one.masks["segmentation"] == other.masks["segmentation"]).mean() > 0.995
    np.testing.assert_allclose(one.boxes["box"], other.boxes["box"], atol=0.01)


def test_a_packed_model_says_the_same(run: Run, photograph: np.ndarray, tmp_path: Path) -> None:
    packed = pack(run.directory, tmp_path / "packed")
    assert json.loads((packed / "config.json").read_text())["input"]["size"] == [40, 56]
    assert "images of 40 x 56 pixels (height x width)" in (packed / "README.md").read_text()
    one, other = (auxseg.load(path, "cpu").predict(photograph) for path in (run.directory, packed))
    assert (one.masks["segmentation"] == other.masks["segmentation"]).all()


@pytest.mark.parametrize("size", ["[48]", "[48, 64, 3]", "48x", "[8, 64]", "[48, 4096]", "-3", "tall"])
def test_sizes_that_are_none_are_refused(size: str) -> None:
    with pytest.raises(auxseg.InputError, match=r"data\.size is .*: expected"):
        load_recipe("tiny", [f"data.size={size}"])


def test_the_ways_to_write_a_size_are_one_recipe() -> None:
    recipes = [load_recipe("tiny", [f"data.size={size}"]) for size in ("288x384", "[288, 384]")]
    assert recipes[0] == recipes[1] == load_recipe("tiny", {"data.size": Size(288, 384)})
    assert load_recipe("tiny", ["data.size=[64, 64]"]) == load_recipe("tiny", ["data.size=64"])
