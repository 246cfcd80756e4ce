"""What a plugin's tasks say of a photograph is in every place where answers stand."""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.geometry import fit
from auxseg.data.preparing.prepare import prepare
from auxseg.recipe import load_recipe
from auxseg.report.page import report
from auxseg.run import Model, Run, draw_grid, evaluate, load, predict, train
from auxseg.run.grid import NUM_IMAGES, SIDE
from auxseg.run.prediction.image_files import Photograph
from auxseg.run.prediction.predictions import PredictionWriter
from auxseg.tasks import plugins, run_plugin
from benchmarks.tools.coarse_shape import CoarseShapes
from tests.run.conftest import SETTINGS

ROOT = Path(__file__).parents[2]
PLUGINS = (ROOT / "examples" / "saliency_centre.py", ROOT / "benchmarks" / "plugins" / "coarse_shape.py")
TASKS = ("tasks.centre={kind: saliency-centre}", "tasks.shape={kind: coarse-shape}", "data.augment=none")
HEIGHT, WIDTH = 48, 96


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """A run with a vector and a map of plugins, and one without, on letterboxed photographs; both evaluated."""
    folder = tmp_path_factory.mktemp("runs")
    data = prepare(CoarseShapes(20, 32), folder / "data.h5", size=32, resize="letterbox").path
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugins, "_registered", {})
        patch.setattr(plugins, "_executed", set())
        for file in PLUGINS:
            run_plugin(file)
        settings = {"plain": SETTINGS, "plugins": [*SETTINGS, *TASKS]}
        runs = {
            name: train(load_recipe("tiny", [*own, "training.steps=2"]), data, folder / name)
            for name, own in settings.items()
        }
        for run in runs.values():
            evaluate(run)
        yield runs


@pytest.fixture(scope="module")
def model(runs: dict[str, Run]) -> Model:
    return load(runs["plugins"])


@pytest.fixture
def photograph(tmp_path: Path) -> Photograph:
    picture = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    return Photograph(tmp_path / "photo.png", "photo")


def test_predictions_json_holds_the_vector_and_what_is_known_of_the_map(
    model: Model, photograph: Photograph, tmp_path: Path
) -> None:
    writer = PredictionWriter(model, tmp_path / "out", [photograph])
    writer.add(photograph)
    (image,) = json.loads(writer.finish().read_text())["images"]
    prediction = predict(model, photograph.path)
    x, y = prediction.vectors["centre"]
    assert image["answers"]["centre"] == {"centre": {"x": x, "y": y}}
    summary = image["answers"]["shape"]["map"]
    values = prediction.maps["shape"]
    assert values.shape == (1, HEIGHT, WIDTH)
    assert summary["minimum"][0] <= values.min() <= summary["mean"][0] <= values.max() <= summary["maximum"][0]


def test_a_vector_of_places_is_in_the_photographs_pixels(model: Model, photograph: Photograph) -> None:
    x, y = predict(model, photograph.path).vectors["centre"]
    stored = fit((HEIGHT, WIDTH), 32, "letterbox")
    seen = stored.boxes(np.array([[x, y, x, y]]))[0, :2]
    assert 0 <= x <= WIDTH
    assert 0 <= y <= HEIGHT
    assert 0.25 <= seen[1] <= 0.75  # above and below there is padding
    drawn = predict(model, photograph.path).overlay
    assert (drawn[min(int(y), HEIGHT - 1), int(x) - 3 : int(x) + 4] == (213, 94, 0)).all(-1).any()


def test_pictures_show_the_vector_with_the_others_and_the_map_alone(
    model: Model, photograph: Photograph, tmp_path: Path
) -> None:
    PredictionWriter(model, tmp_path / "out", [photograph]).add(photograph)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "photo.mask.png",
        "photo.overlay.png",
        "photo.shape.png",
    }
    prediction = predict(model, photograph.path)
    shape = np.asarray(Image.open(tmp_path / "out" / "photo.shape.png"))
    np.testing.assert_array_equal(shape, prediction.pictures["shape"])
    assert shape.shape == (HEIGHT, WIDTH, 3)
    without = prediction.answers["segmentation"].draw(prediction.image)
    assert (without != prediction.overlay).any()


def test_the_grid_has_the_vector_in_the_row_of_the_target_and_a_row_for_the_map(
    runs: dict[str, Run], model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = np.asarray(Image.open(draw_grid(runs, tmp_path / "grid.png")))
    alone = np.asarray(Image.open(draw_grid({"plain": runs["plain"]}, tmp_path / "plain.png")))
    num_images = round(alone.shape[0] / SIDE)
    assert 1 <= num_images <= NUM_IMAGES
    assert picture.shape[0] == 2 * alone.shape[0] + 4
    monkeypatch.setattr(type(model.tasks["centre"]), "draw", lambda self, picture, value, *, truth: picture)
    without = np.asarray(Image.open(draw_grid(runs, tmp_path / "without.png")))
    assert (picture != without).any()


def test_the_page_of_the_run_shows_them(
    runs: dict[str, Run], model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = report(runs["plugins"].directory, tmp_path / "page.html").read_text()
    for name in ("centre", "shape"):
        assert all(sentence in html.unescape(page) for sentence in model.tasks[name].explain().values())
    with Image.open(runs["plugins"].directory / "figures" / "best-1.png") as shown:
        assert shown.height / shown.width == pytest.approx(2 / 3, rel=0.2)  # the map has a row
        expected = np.asarray(shown)
    shutil.copytree(runs["plugins"].directory, tmp_path / "run")
    monkeypatch.setattr(type(model.tasks["centre"]), "draw", lambda self, picture, value, *, truth: picture)
    evaluate(tmp_path / "run")
    assert (np.asarray(Image.open(tmp_path / "run" / "figures" / "best-1.png")) != expected).any()
