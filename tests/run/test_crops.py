"""Runs that are trained on windows: paired, resumed exactly, validated, measured and predicted by tiles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources.synthetic import SyntheticSource
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import dump_recipe, load_recipe, parse_recipe, to_values, what_matters
from auxseg.run import Run, evaluate, load, predict, train
from auxseg.run.building import open_data, train_loader
from auxseg.training.runtime import Runtime
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS
from tests.stopping import StopAt

SIZE, SIDE = 48, 32
CROP = (*SETTINGS, "training.steps=8", f"data.crop.size={SIDE}")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "large.h5"
    prepare(SyntheticSource(num_samples=20, size=SIZE), path, size=SIZE)
    return path


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(load_recipe("tiny-mtl", CROP), data, tmp_path_factory.mktemp("runs") / "run")


def test_a_recipe_without_windows_is_what_it_was() -> None:
    recipe = load_recipe("tiny", SETTINGS)
    assert recipe.data.crop is None
    assert "crop" not in what_matters(to_values(recipe))["data"]
    cropped = load_recipe("tiny", CROP)
    assert what_matters(to_values(cropped))["data"]["crop"] == {"size": SIDE, "foreground": 0.5}
    assert parse_recipe(to_values(cropped)) == cropped


def test_windows_can_be_set_in_a_recipe_that_was_written_without_any(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(dump_recipe(load_recipe("tiny", SETTINGS)))
    crop = load_recipe(path, ["data.crop.size=32", "data.crop.foreground=0.25"]).data.crop
    assert crop is not None
    assert (crop.size, crop.foreground) == (32, 0.25)


def test_windows_are_the_same_whatever_tasks_workers_and_processes_there_are(data: Path) -> None:
    def batches(preset: str, *settings: str, count: int = 1) -> list[torch.Tensor]:
        recipe = load_recipe(preset, [*CROP, "data.augment=strong", *settings])
        loader = train_loader(recipe, open_data(data, recipe), Runtime("cpu"))
        return [torch.cat([batch.image for batch in step]) for step in loader.steps(2, 4)]

    first = batches("tiny")
    assert all(image.shape[-2:] == (SIDE, SIDE) for image in first)
    for other in (batches("tiny-mtl"), batches("tiny", "data.workers=3"), batches("tiny", "training.accumulate=3")):
        assert all(torch.equal(one, two) for one, two in zip(first, other, strict=True))
    assert not torch.equal(first[0], batches("tiny", "seed=1")[0])


def test_hidden_masks_place_no_window(data: Path) -> None:
    recipe = load_recipe("tiny", [*CROP, "data.label_fraction=0.3", "data.augment=none", "data.crop.foreground=1"])
    loader = train_loader(recipe, open_data(data, recipe), Runtime("cpu"))
    hidden = 0
    for (batch,) in loader.steps(0, 6):
        labelled = (batch.mask != 255).flatten(1).any(1)
        assert ((batch.mask == 1).flatten(1).any(1) == labelled).all()
        hidden += int((~labelled).sum())
    assert hidden


def test_a_resumed_run_has_the_weights_of_an_uninterrupted_one(data: Path, run: Run, tmp_path: Path) -> None:
    recipe = load_recipe("tiny-mtl", CROP)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, data, tmp_path / "stopped", observers=[StopAt(6)])
    resumed = train(recipe, data, tmp_path / "stopped", resume=True)
    assert any(event["event"] == "resume" and event["step"] for event in read_events(resumed.events_file))
    states = [torch.load(each.last_file, weights_only=True)["learner"]["network"] for each in (run, resumed)]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_the_run_is_measured_by_tiles_of_the_size_of_its_windows(data: Path, run: Run) -> None:
    metrics = evaluate(run)
    assert metrics["tiles"] == {"size": SIDE, "overlap": 0.5}
    assert [*read_events(run.events_file)][-1]["tiles"] == {"size": SIDE, "overlap": 0.5}
    step = load(run).step
    validated = [event for event in read_events(run.events_file) if event["event"] == "validation"]
    figures = evaluate(run, "val")["figures"]["segmentation"]
    expected = next(event for event in validated if event["step"] == step)["figures"]["segmentation"]
    assert figures == pytest.approx(expected, rel=1e-5, nan_ok=True)
    denser = evaluate(run, overlap=0.75)
    assert denser["tiles"] == {"size": SIDE, "overlap": 0.75}
    as_a_whole = evaluate(run, tiles=SIZE)
    assert as_a_whole["figures"]["segmentation"] != denser["figures"]["segmentation"]
    original, stored = evaluate(run, at="original"), evaluate(run)
    assert original["figures"]["segmentation"] == pytest.approx(stored["figures"]["segmentation"], rel=1e-4)


def test_photographs_are_predicted_at_their_own_resolution(data: Path, run: Run) -> None:
    model = load(run)
    assert model.vocabulary.scale == (1.0, 1.0)
    store = Store.open(data)
    row = int(store.rows("test")[0])
    image = store.read(row)[0]
    wide = np.concatenate([image, image[:, ::-1], image], axis=1)
    prediction = predict(model, wide)
    assert prediction.masks["segmentation"].shape == (SIZE, 3 * SIZE)
    assert prediction.overlay.shape == wide.shape
    alone = predict(model, image).masks["segmentation"]
    assert (prediction.masks["segmentation"][:, : SIDE // 2] == alone[:, : SIDE // 2]).mean() > 0.99
    smaller = predict(model, image[:20, :10])
    assert smaller.masks["segmentation"].shape == (20, 10)
    assert {"segmentation", "box", "classification"} >= set(prediction.answers)


def test_a_whole_picture_run_is_asked_by_tiles_at_the_scale_of_its_training(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "halved.h5"
    prepare(SyntheticSource(num_samples=20, size=2 * SIZE), path, size=SIZE)
    model = load(train(load_recipe("tiny", [*SETTINGS, "training.steps=2"]), path, tmp_path / "run"))
    assert model.vocabulary.scale == (0.5, 0.5)
    image = np.random.default_rng(0).integers(0, 256, (2 * SIZE, 2 * SIZE, 3), np.uint8)
    assert np.array_equal(
        predict(model, image).masks["segmentation"], predict(model, image, tiles=True).masks["segmentation"]
    )
    larger = np.concatenate([image, image])
    assert predict(model, larger, tiles=True).masks["segmentation"].shape == larger.shape[:2]


def test_bands_of_a_large_photograph_say_what_the_whole_says(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load(run)
    image = np.random.default_rng(0).integers(0, 256, (100, 70, 3), np.uint8)
    whole = predict(model, image, probabilities=True)
    monkeypatch.setattr("auxseg.run.prediction.by_tiles._MOST_AT_ONCE", 0)
    banded = predict(model, image, probabilities=True)
    assert np.array_equal(whole.masks["segmentation"], banded.masks["segmentation"])
    assert whole.scores["segmentation"] == pytest.approx(banded.scores["segmentation"], abs=1e-6)
    np.testing.assert_allclose(whole.probabilities["segmentation"], banded.probabilities["segmentation"], atol=1e-6)
    assert np.array_equal(whole.overlay, banded.overlay)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["data.crop.size=64", "data.size=48"], r"data\.crop\.size is 64, larger than the images of data\.size=48"),
        (["data.crop.size=8"], r"data\.crop\.size.*16"),
        (["data.crop.size=32", "data.crop.foreground=1.5"], r"data\.crop\.foreground.*1"),
        (["data.crop.size=32", "target=box"], r"data\.crop: the target box says one thing of a whole image"),
        (["data.crop.foreground=0.5"], r"data\.crop\.size"),
    ],
)
def test_windows_that_cannot_be_are_refused(settings: Sequence[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_recipe("tiny-mtl", [*SETTINGS, *settings])


def test_windows_larger_than_the_data_are_refused(data: Path, tmp_path: Path) -> None:
    recipe = load_recipe("tiny", [*SETTINGS, "training.steps=2", "data.crop.size=64"])
    with pytest.raises(
        InputError, match=r"data\.crop\.size is 64, but its images have 48 px; set data\.crop\.size to at"
    ):
        train(recipe, data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_tiles_that_cannot_be_are_refused(run: Run, data: Path, tmp_path: Path) -> None:
    whole = train(load_recipe("tiny-mtl", [*SETTINGS, "training.steps=2", "target=box"]), data, tmp_path / "box")
    with pytest.raises(InputError, match=r"the target box says one thing of a whole image.*leave out --tiles$"):
        evaluate(whole, tiles=True)
    with pytest.raises(InputError, match=r"--overlap 0\.5 changes nothing"):
        evaluate(whole, overlap=0.5)
    with pytest.raises(InputError, match=r"the overlap of tiles"):
        evaluate(run, overlap=1.0)
    with pytest.raises(InputError, match=r"tiles should have"):
        predict(load(run), np.zeros((40, 40, 3), np.uint8), tiles=3)


def test_windows_that_never_show_an_image_cannot_drop_its_labels(data: Path) -> None:
    dropping = "tasks.species={kind: classification, label: species, crops: drop}"
    with pytest.raises(InputError, match=r"tasks\.species\.crops is drop, but windows of 32 px never show .* of 48 px"):
        open_data(data, load_recipe("tiny", [*CROP, dropping]))
    open_data(data, load_recipe("tiny", [*CROP, dropping, "data.crop.size=48"]))
    still = "data.augment={scale: [0.5, 1.5], geometric: 0}"
    with pytest.raises(InputError, match=r"never show a whole image of 48 px"):
        open_data(data, load_recipe("tiny", [*CROP, dropping, "data.crop.size=40", still]))
    open_data(data, load_recipe("tiny", [*SETTINGS, dropping]))
    recipe = load_recipe("tiny", [*CROP, dropping, "data.crop.size=40", "data.augment={scale: [0.5, 1.25]}"])
    loader = train_loader(recipe, open_data(data, recipe), Runtime("cpu"))
    parts = [part for batches in loader.steps(0, 12) for batch in batches for part in batch.parts]
    assert True in parts
