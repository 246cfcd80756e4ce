"""Images that have each their own size are trained on, measured and drawn, at one size and in windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auxseg.data.exporting.export import export_data
from auxseg.data.preparing.inspect import inspect
from auxseg.data.preparing.prepare import prepare
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import Recipe, load_recipe
from auxseg.records.metrics import read_metrics
from auxseg.records.values.size import Size
from auxseg.report import report
from auxseg.report.runs.facts import data_facts
from auxseg.report.stores.inspect_page import write_inspect_page
from auxseg.run.directory import Run
from auxseg.run.evaluate import evaluate
from auxseg.run.grid import draw_grid
from auxseg.run.load import load, matching_store
from auxseg.run.train import train
from tests.data.pictures import DrawnSource, draw_sample

SIZES = [(40, 50), (70, 60), (36, 90), (41, 50)]


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    drawn = [draw_sample(number, SIZES[number % 4]) for number in range(8)]
    made = DrawnSource(drawn, ["train"] * 4 + ["val"] * 2 + ["test"] * 2)
    return prepare(made, tmp_path_factory.mktemp("own") / "own.h5", size="original").path


def recipe(*data: str) -> Recipe:
    settings = ["training.steps=3", "training.batch=3", *data]
    return load_recipe("tiny", settings)


@pytest.fixture(scope="module")
def runs(path, tmp_path_factory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("runs")
    settings = {"size": "data.size=32", "crop": "data.crop.size=48"}
    return {name: train(recipe(data), path, folder / name, device="cpu") for name, data in settings.items()}


@pytest.mark.parametrize("name", ["size", "crop"])
def test_a_run_is_trained_and_measured(runs, name):
    for at in ("stored", "original"):
        figures = evaluate(runs[name], at=at)
        assert figures["num_images"] == 2
    assert (runs[name].directory / "figures" / "mistakes-1.png").is_file()


def test_windows_are_measured_at_the_images_own_size(runs):
    model = load(runs["crop"])
    store = matching_store(runs["crop"], model)
    assert model.recipe.data.size is None
    assert [store.read(row)[1].shape for row in range(4)] == [(48, 50), (70, 60), (48, 90), (48, 50)]


def test_metrics_say_which_sizes_images_had(runs, path, tmp_path):
    found = {}
    for name, run in runs.items():
        evaluate(run)
        metrics = read_metrics(run.directory)
        assert metrics is not None
        found[name] = metrics.data
    assert (found["size"].size, found["size"].smallest, found["size"].sizes()) == (Size.of(32), None, "32 px")
    shapes = np.array(SIZES)
    assert (found["crop"].size, found["crop"].smallest) == (Size(*shapes.max(0)), Size(*shapes.min(0)))
    said = "images of their own sizes, 36 to 70 px high and 50 to 90 px wide"
    assert found["crop"].sizes() == said
    assert said in report([runs["crop"].directory], tmp_path / "report.html").read_text()
    assert "squashed" not in dict(data_facts(found["crop"]))["Stored size"]


def test_one_picture_shows_both(runs, tmp_path):
    for run in runs.values():
        evaluate(run)
    assert draw_grid(runs, tmp_path / "grid.png").is_file()


def test_a_recipe_that_says_neither_is_refused(path, tmp_path):
    with pytest.raises(InputError) as found:
        train(recipe(), path, tmp_path / "run", device="cpu")
    assert str(found.value) == (
        f"{path}: its images have each their own size, 36 to 70 px high and 50 to 90 px wide; set data.size to fit "
        "them into one size, or data.crop.size to train on windows of them"
    )


def test_windows_larger_than_every_image_are_refused(path, tmp_path):
    with pytest.raises(InputError, match=r"data\.crop\.size is 91, but no image has more than 90 px a side"):
        train(recipe("data.crop.size=91"), path, tmp_path / "run", device="cpu")


def test_the_store_is_inspected_and_exported(path, tmp_path):
    store = Store.open(path)
    inspection = inspect(store)
    assert inspection.own_sizes == "36 to 70 px high and 50 to 90 px wide"
    write_inspect_page(store, inspection, tmp_path / "page.html")
    assert "36 to 70 px high and 50 to 90 px wide" in (tmp_path / "page.html").read_text()
    for form in ("folder", "coco"):
        assert "each at its own size" in " ".join(export_data(store, tmp_path / form, form).notes)
