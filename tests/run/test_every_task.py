"""A run with every kind of task at once: trained, evaluated, drawn, loaded, asked about a photograph."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auxseg.recipe import load_recipe
from auxseg.run import Run, evaluate, load, predict, train
from auxseg.run.prediction.image_files import Photograph
from auxseg.run.prediction.predictions import PredictionWriter
from auxseg.tasks.task import IMAGE
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS
from tests.tasks.examples import NEED_OTHER_DATA, REGISTRY

KINDS = [config().kind for config in REGISTRY if config().kind not in NEED_OTHER_DATA]


@pytest.fixture(scope="module")
def run(store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    tasks = [f"tasks.{kind}={{kind: {kind}}}" for kind in KINDS]
    recipe = load_recipe("tiny", [*SETTINGS, *tasks, "training.steps=3"])
    return train(recipe, store_path, tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def metrics(run: Run) -> dict[str, Any]:
    return evaluate(run)


def test_every_loss_is_finite_and_every_figure_explained(run: Run, metrics: dict[str, Any]) -> None:
    for event in read_events(run.events_file):
        if event["event"] == "step":
            assert set(event["losses"]) == set(KINDS)
            assert all(math.isfinite(loss) for loss in event["losses"].values())
    for kind in KINDS:
        assert set(metrics["explain"][kind]) == set(metrics["figures"][kind])
    with (run.directory / "per_image.csv").open(newline="") as file:
        columns = next(csv.reader(file))
    assert {column.partition(".")[0] for column in columns} == {"id", *KINDS}


@pytest.mark.usefixtures("metrics")
def test_examples_have_a_row_for_every_task_that_would_cover_the_others(run: Run) -> None:
    rows = 1 + sum(task.own_row for task in load(run).tasks.values())
    assert rows > 5
    with Image.open(run.directory / "figures" / "best-1.png") as picture:
        assert picture.height / picture.width == pytest.approx(rows / 3, rel=0.2)


def test_random_views_are_the_same_in_every_evaluation(run: Run, metrics: dict[str, Any]) -> None:
    assert evaluate(run)["figures"] == metrics["figures"]


def test_a_photograph_is_asked_what_makes_sense(run: Run, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    model = load(run)
    assert sum(task.view != IMAGE for task in model.tasks.values()) == 6
    prediction = predict(model, image)
    assert set(prediction.masks) == {"segmentation"}
    assert set(prediction.classes) == {"classification"}
    assert set(prediction.boxes) == {"box"}
    assert set(prediction.pictures) == {"edges", "distance"}
    assert all(picture.shape == image.shape for picture in prediction.pictures.values())
    Image.fromarray(image).save(tmp_path / "photo.png")
    photograph = Photograph(tmp_path / "photo.png", "photo")
    PredictionWriter(model, tmp_path / "out", [photograph]).add(photograph)
    assert (tmp_path / "out" / "photo.edges.png").exists()


def test_a_shared_view_is_what_a_photograph_is_seen_by(store_path: Path, tmp_path: Path) -> None:
    settings = [*SETTINGS, "tasks.colour={kind: colorization, view: shared}", "training.steps=2"]
    model = load(train(load_recipe("tiny", settings), store_path, tmp_path / "run"))
    seen = []
    model.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    prediction = predict(model, image)
    assert (seen[0][:, 0] == seen[0][:, 1]).all()
    assert prediction.pictures["colour"].shape == image.shape
