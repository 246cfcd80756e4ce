"""Evaluating, loading and predicting with a trained run."""

from __future__ import annotations

import csv
import importlib
import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from auxseg.data.sample import SPLITS
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.run import Run, evaluate, load, predict, train
from auxseg.run.prediction import predictions
from auxseg.run.prediction.image_files import find_images
from auxseg.run.prediction.predictions import PredictionWriter
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS


@pytest.fixture(scope="module")
def run(store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    recipe = load_recipe("tiny-mtl", [*SETTINGS, "training.steps=12"])
    return train(recipe, store_path, tmp_path_factory.mktemp("runs") / "run")


def test_evaluation_has_a_row_per_image_and_is_recorded(run: Run) -> None:
    metrics = evaluate(run)
    with (run.directory / "per_image.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({row["id"] for row in rows}) == metrics["num_images"] == metrics["data"]["splits"]["test"]
    values = [float(row["segmentation.iou"]) for row in rows if row["segmentation.iou"]]
    assert np.mean(values) == pytest.approx(metrics["figures"]["segmentation"]["iou_image"])
    assert json.loads((run.directory / "metrics.json").read_text()) == metrics
    examples = json.loads((run.directory / "examples.json").read_text())
    ranked = {rank: [e["value"] for e in examples if e["rank"] == rank] for rank in ("best", "median", "worst")}
    assert min(ranked["best"]) >= max(ranked["median"]) >= min(ranked["median"]) >= max(ranked["worst"])
    assert all((run.directory / example["picture"]).is_file() for example in examples)
    readings = [event for event in read_events(run.events_file) if event["event"] == "evaluate"]
    assert readings[-1]["split"] == "test"


def test_averages_over_flips_are_recorded_and_drawn(run: Run) -> None:
    drawn = run.directory / "figures" / "worst-1.png"
    plain, before = evaluate(run, "train"), drawn.read_bytes()
    averaged = evaluate(run, "train", tta="flip")
    assert (plain.get("tta"), averaged["tta"]) == (None, "flip")
    assert averaged["figures"]["segmentation"] != plain["figures"]["segmentation"]
    assert [*read_events(run.events_file)][-1]["tta"] == "flip"
    assert drawn.read_bytes() != before
    with pytest.raises(InputError, match=r"^tta is 'flop', expected none or flip$"):
        evaluate(run, "train", tta="flop")  # pyright: ignore[reportArgumentType]


def test_images_that_are_stored_as_they_are_have_the_same_figures_at_the_original_size(run: Run) -> None:
    stored, original = evaluate(run, "train"), evaluate(run, "train", at="original")
    assert original.pop("at") == "original"
    for part in ("tables", "classes"):
        assert original[part] == stored[part]
    for task, figures in stored["figures"].items():
        assert original["figures"][task] == pytest.approx(figures, rel=1e-4)


def test_fault_09_evaluation_reads_the_split_that_was_asked_for(run: Run, store_path: Path) -> None:
    store = Store.open(store_path)
    for asked, split in [*(((split,), split) for split in SPLITS), ((), "test")]:
        metrics = evaluate(run, *asked)
        with (run.directory / "per_image.csv").open(newline="") as file:
            ids = [row["id"] for row in csv.DictReader(file)]
        assert ids == store.ids[store.rows(split)].tolist(), split
        assert metrics["split"] == split


def test_validation_figures_of_the_best_step_are_evaluated_again(run: Run) -> None:
    step = load(run).step
    logged = next(e for e in read_events(run.events_file) if e["event"] == "validation" and e["step"] == step)
    figures = evaluate(run, "val")["figures"]["segmentation"]
    assert figures["iou_dataset"] == pytest.approx(logged["figures"]["segmentation"]["iou_dataset"], abs=1e-6)


@pytest.mark.parametrize("size", [(32, 32), (57, 91), (300, 20), (1, 1)])
def test_predictions_have_the_photographs_own_size(run: Run, size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    prediction = predict(load(run), image)
    assert prediction.masks["segmentation"].shape == size
    assert sum(prediction.classes["classification"].values()) == pytest.approx(1)
    x0, y0, x1, y1 = prediction.boxes["box"]
    assert 0 <= x0 <= x1 <= size[1]
    assert 0 <= y0 <= y1 <= size[0]


def test_exif_orientation_is_respected(run: Run, tmp_path: Path) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))
    turned = image.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees clockwise to see it upright"
    turned.save(tmp_path / "turned.png", exif=exif)
    model = load(run)
    expected, found = predict(model, image), predict(model, tmp_path / "turned.png")
    np.testing.assert_array_equal(found.masks["segmentation"], expected.masks["segmentation"])


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools and NumPy 2
def test_predictions_are_read_by_pycocotools(run: Run, tmp_path: Path) -> None:
    COCO: Any = importlib.import_module("pycocotools.coco").COCO
    (tmp_path / "photos").mkdir()
    for name in ("one", "two"):
        image = np.random.default_rng(len(name)).integers(0, 256, (40, 60, 3), np.uint8)
        Image.fromarray(image).save(tmp_path / "photos" / f"{name}.png")
    model = load(run)
    found = find_images([tmp_path / "photos", tmp_path / "photos" / "one.png"]).photographs
    writer = PredictionWriter(model, tmp_path / "out", found)
    for photograph in found:
        writer.add(photograph)
    coco = COCO(str(writer.finish()))
    assert len(coco.getImgIds()) == 3
    for annotation in coco.loadAnns(coco.getAnnIds()):
        name = coco.loadCats(annotation["category_id"])[0]["name"]
        if name == "animal":
            stem = coco.loadImgs(annotation["image_id"])[0]["output"]
            stored = np.array(Image.open(tmp_path / "out" / f"{stem}.mask.png"))
            np.testing.assert_array_equal(coco.annToMask(annotation), stored == 1)
    with pytest.raises(InputError, match="--overwrite"):
        PredictionWriter(model, tmp_path / "out", found)
    PredictionWriter(model, tmp_path / "out", found, overwrite=True)


def test_images_that_are_shown_much_smaller_than_those_trained_on_are_told(run: Run, tmp_path: Path) -> None:
    model = load(run)
    assert model.vocabulary.scale is not None
    height, width = (
        round(side / scale) for side, scale in zip(model.vocabulary.size, model.vocabulary.scale, strict=True)
    )
    for name, times in (("same", 1), ("larger", 3)):
        Image.new("RGB", (times * width, times * height)).save(tmp_path / f"{name}.png")
    found = find_images([tmp_path / "same.png", tmp_path / "larger.png"]).photographs
    writer = PredictionWriter(model, tmp_path / "out", found)
    assert [writer.add(photograph) for photograph in found] == ["", ""]
    (remark,) = writer.remarks
    assert remark.startswith("shown much smaller than most training images were (up to 3.0 times): larger.png. Small")
    assert remark.endswith("ask it with --tiles")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(predictions, "refuse_tiles", Mock(side_effect=InputError("not by tiles")))
        (remark,) = writer.remarks
    assert remark.endswith("Small and thin things may be lost")
    tiled = PredictionWriter(model, tmp_path / "tiled", found[1:], tiles=model.vocabulary.size.shorter)
    tiled.add(found[1])
    assert not tiled.remarks


def test_directories_that_hold_no_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run directory"):
        load(tmp_path)
    (tmp_path / "recipe.yaml").write_text("")
    with pytest.raises(InputError, match="no model file"):
        load(tmp_path)
