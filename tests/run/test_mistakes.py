"""The drawn mistakes of a run are its worst images, and the painted pixels are those that it got wrong."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.sample import IGNORE
from auxseg.data.store.store import Store
from auxseg.drawing import CONFUSED_COLOUR, PREDICTION_CONTOUR, TRUTH_CONTOUR
from auxseg.recipe import load_recipe
from auxseg.run import Run, evaluate, mistakes, train
from auxseg.run.mistakes import NUM_MISTAKES, NUM_SAME, SIDE
from tests.run.conftest import SETTINGS


@pytest.fixture(scope="module", autouse=True)
def _at_full_size() -> Iterator[None]:
    """Of which `tests.small_pictures` would spare the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mistakes, "SIDE", SIDE)
        yield


@pytest.fixture(scope="module")
def run(_at_full_size: None, store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of a few steps, which gets much wrong, evaluated."""
    run = train(load_recipe("tiny", [*SETTINGS, "training.steps=2"]), store_path, tmp_path_factory.mktemp("runs") / "a")
    evaluate(run)
    return run


def examples(run: Run, rank: str) -> list[dict]:
    found = json.loads((run.directory / "examples.json").read_text())
    return [example for example in found if example["rank"] == rank]


def table(run: Run) -> dict[str, dict[str, str]]:
    with (run.directory / "per_image.csv").open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def picture(run: Run, example: dict) -> np.ndarray:
    return np.asarray(Image.open(run.directory / example["picture"]))


def test_they_are_the_worst_images_worst_first(run: Run) -> None:
    known = [float(row["segmentation.iou"]) for row in table(run).values() if row["segmentation.iou"]]
    shown = examples(run, "mistakes")
    assert [example["value"] for example in shown] == sorted(known)[:NUM_MISTAKES]
    assert all(float(table(run)[example["id"]]["segmentation.iou"]) == example["value"] for example in shown)


def test_the_error_map_paints_as_many_pixels_as_are_wrong(run: Run, store_path: Path) -> None:
    store = Store.open(store_path)
    store = store.at_size(run.recipe.data.size or store.size)
    for example in examples(run, "mistakes"):
        drawn = picture(run, example)
        assert drawn.shape == (SIDE, 2 * SIDE, 3)
        errors = drawn[:, SIDE:]
        colours = (TRUTH_CONTOUR, PREDICTION_CONTOUR, CONFUSED_COLOUR)
        painted = np.any([(errors == colour).all(-1) for colour in colours], axis=0)
        accuracy = float(table(run)[example["id"]]["segmentation.pixel_accuracy"])
        _, mask = store.read(int(np.flatnonzero(store.ids == example["id"])[0]))
        assert painted.mean() == pytest.approx((1 - accuracy) * (mask != IGNORE).mean(), abs=1e-6)


def test_every_run_draws_the_same_images_of_a_split(run: Run, store_path: Path, tmp_path: Path) -> None:
    other = train(load_recipe("tiny", [*SETTINGS, "training.steps=1", "seed=5"]), store_path, tmp_path / "b")
    evaluate(other)
    ids = [example["id"] for example in examples(run, "same")]
    assert ids == [example["id"] for example in examples(other, "same")]
    assert len(set(ids)) == NUM_SAME
    assert set(ids) <= {str(name) for name in Store.open(store_path).ids}
    assert picture(run, examples(run, "same")[0]).shape == (SIDE, SIDE, 3)


def test_a_target_without_masks_has_none(store_path: Path, tmp_path: Path) -> None:
    settings = [*SETTINGS, "training.steps=1", "target=classification"]
    run = train(load_recipe("tiny-mtl", settings), store_path, tmp_path / "run")
    evaluate(run)
    assert {example["rank"] for example in json.loads((run.directory / "examples.json").read_text())} == {
        "best",
        "median",
        "worst",
    }
