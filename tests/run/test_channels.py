"""Four channels of 16 bits from a folder to the last file: prepared, trained on, measured, asked, exported, packed."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

import auxseg
from auxseg.cli.main import main
from auxseg.data.channels import DISPLAY_RULE, Channels
from auxseg.data.exporting.export import export_data
from auxseg.data.preparing.convert import convert
from auxseg.data.store.store import Store
from auxseg.deploy.export.exporting import export
from auxseg.deploy.packing import pack
from auxseg.deploy.predictors import open_predictor
from auxseg.recipe import load_recipe
from auxseg.report import report
from auxseg.run import Run, evaluate, load, train
from auxseg.run.prediction.open_file import read_open_file
from tests.many_channels import NAMES, write_folder
from tests.run.conftest import SETTINGS

CHANNELS = Channels(tuple(NAMES.split(",")), "uint16")
TASKS = ("edges", "denoising", "reconstruction", "consistency", "rotation", "flip")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data") / "four", 16)


@pytest.fixture(scope="module")
def data(folder: Path) -> Path:
    out = folder.parent / "four.h5"
    arguments = ["--out", str(out), "--channels", NAMES, "--size", "24", "--split", "50-25-25", "--processes", "1"]
    assert main(["data", "prepare", "folder", str(folder), *arguments]) == 0
    return out


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    tasks = [f"tasks.{kind}={{kind: {kind}}}" for kind in TASKS]
    recipe = load_recipe("tiny", [*SETTINGS, *tasks, "training.steps=2"])
    run = train(recipe, data, tmp_path_factory.mktemp("runs") / "run")
    evaluate(run)
    return run


def test_the_network_is_normalised_by_the_training_split(run: Run, data: Path) -> None:
    store, network = Store.open(data), load(run).network
    values = np.stack([store.read(row)[0] for row in store.rows("train").tolist()]).reshape(-1, 4) / 65535
    np.testing.assert_allclose(network.mean.flatten(), values.mean(0), rtol=1e-5)
    np.testing.assert_allclose(network.std.flatten(), values.std(0), rtol=1e-4)
    assert load(run).vocabulary.channels == store.channels == CHANNELS


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(run: Run, data: Path, tmp_path: Path) -> None:
    recipe = load_recipe("tiny", [*SETTINGS, "training.steps=2"])
    whole = train(recipe, data, tmp_path / "whole")
    part = train(load_recipe("tiny", [*SETTINGS, "training.steps=1"]), data, tmp_path / "part")
    train(recipe, data, part.directory, resume=True)
    one, other = (load(each).network.state_dict() for each in (whole, part))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_pages_say_what_they_show(run: Run, data: Path, tmp_path: Path) -> None:
    page = report([run.directory], tmp_path / "report.html").read_text()
    assert f"{CHANNELS.in_words()}; {DISPLAY_RULE}" in page
    assert main(["data", "inspect", str(data), "--html", str(tmp_path / "inspect.html")]) == 0
    inspected = (tmp_path / "inspect.html").read_text()
    assert CHANNELS.in_words() in inspected
    assert DISPLAY_RULE in inspected


def test_an_image_of_the_same_kind_is_answered(run: Run, folder: Path) -> None:
    model = auxseg.load(run.directory, "cpu")
    image = np.load(folder / "images" / "1.npy")
    one, other = model.predict(image), model.predict(folder / "images" / "1.npy")
    assert (one.masks["segmentation"] == other.masks["segmentation"]).all()
    assert one.overlay.shape == (32, 32, 3)
    assert one.overlay.dtype == np.uint8


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (np.zeros((32, 32, 3), np.uint8), "3 channels of uint8"),
        (np.zeros((32, 32, 4), np.uint8), "4 channels of uint8"),
        (np.zeros((32, 32), np.uint16), "1 channel of uint16"),
    ],
)
def test_another_image_is_refused(run: Run, image: np.ndarray, found: str) -> None:
    expected = rf"has {found}, but the model was trained on 4 channels of uint16 \(red, green, blue, nir\)$"
    with pytest.raises(auxseg.InputError, match=expected):
        auxseg.load(run.directory, "cpu").predict(image)
    upload = io.BytesIO()
    np.save(upload, image)
    upload.seek(0)
    with pytest.raises(auxseg.InputError, match=expected):
        read_open_file(upload, "apply", channels=CHANNELS)


def test_a_model_of_photographs_refuses_more_channels(data: Path, store_path: Path, tmp_path: Path) -> None:
    run = train(load_recipe("tiny", [*SETTINGS, "data.size=24", "training.steps=1"]), store_path, tmp_path / "run")
    with pytest.raises(auxseg.InputError, match="should be uint8 of shape"):
        auxseg.load(run.directory, "cpu").predict(np.zeros((32, 32, 4), np.uint16))
    with pytest.raises(auxseg.InputError, match=r"its images have 4 channels of uint16 .*, but the model was trained"):
        evaluate(run, data=data)


def test_a_packed_model_and_a_folder_of_images(run: Run, folder: Path, tmp_path: Path) -> None:
    packed = pack(run.directory, tmp_path / "packed")
    described = json.loads((packed / "config.json").read_text())
    assert described["input"]["channels"] == list(CHANNELS.names)
    assert described["input"]["dtype"] == "uint16"
    assert "Divide by 65535." in described["preparation"]
    arguments = ["predict", str(packed), str(folder / "images"), "--out", str(tmp_path / "answers")]
    assert main(arguments) == 0
    assert len(list((tmp_path / "answers").glob("*.mask.png"))) == 16


@pytest.mark.slow
def test_an_exported_network_says_the_same(run: Run, folder: Path, tmp_path: Path) -> None:
    exported = export(run.directory, tmp_path / "model.onnx", tasks=["segmentation"])
    facts = {each.key: each.value for each in onnx.load(exported.path).metadata_props}
    described = json.loads(facts["input"])
    assert described["shape"] == ["batch", 4, "height", "width"]
    assert described["preprocessing"][-1] == "divide by 65535; channels first: batch x 4 x height x width"
    image = folder / "images" / "0.npy"
    one, other = (open_predictor(path, "cpu").predict(image) for path in (run.directory, exported.path))
    assert (one.masks["segmentation"] == other.masks["segmentation"]).mean() > 0.99


def test_colours_cannot_be_predicted_without_colours(data: Path, tmp_path: Path) -> None:
    recipe = load_recipe("tiny", [*SETTINGS, "tasks.colours={kind: colorization}", "training.steps=1"])
    with pytest.raises(auxseg.InputError, match=r"tasks\.colours: colours can be predicted only of images with red"):
        train(recipe, data, tmp_path / "run")


def test_settings_of_colours_that_do_nothing_are_named(data: Path, tmp_path: Path) -> None:
    told: list[str] = []
    recipe = load_recipe("tiny", [*SETTINGS, "data.augment.hue=0.1", "training.steps=1"])
    train(recipe, data, tmp_path / "run", tell=told.append)
    assert [each for each in told if "do nothing: data.augment.saturation, data.augment.hue" in each]


def test_exported_data_are_read_back(data: Path, tmp_path: Path) -> None:
    assert main(["data", "export", str(data), str(tmp_path / "folder")]) == 0
    arguments = ["--out", str(tmp_path / "again.h5"), "--channels", NAMES, "--size", "24", "--processes", "1"]
    assert main(["data", "prepare", "folder", str(tmp_path / "folder"), *arguments]) == 0
    one, other = Store.open(data), Store.open(tmp_path / "again.h5")
    assert all(
        np.array_equal(one.read(row)[0], other.read(other.ids.tolist().index(one.ids[row]))[0])
        for row in range(len(one))
    )
    with pytest.raises(auxseg.InputError, match="--to coco"):
        export_data(one, tmp_path / "coco", "coco")


def test_a_store_that_is_written_again_is_the_same(data: Path, tmp_path: Path) -> None:
    one, other = Store.open(data), Store.open(convert(data, tmp_path / "again.h5").path)
    assert one.content_hash == other.content_hash
    assert np.array_equal(one.read(3)[0], other.read(3)[0])


@pytest.mark.slow
def test_the_fourth_channel_finds_what_the_others_do_not_show(tmp_path: Path) -> None:
    figures = {}
    folder = write_folder(tmp_path / "four", 48)
    for path in (folder / "images").glob("*.npy"):
        image = np.load(path)
        image = image if image.shape[2] == 4 else image.transpose(1, 2, 0)
        (tmp_path / "three" / "images").mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / "three" / "images" / path.name, image[..., :3])
    (tmp_path / "three" / "masks").symlink_to(folder / "masks")
    for name in ("four", "three"):
        source = auxseg.open_source("folder", tmp_path / name, channels="native")
        auxseg.prepare(source, tmp_path / f"{name}.h5", size=32, split="50-25-25")
        recipe = load_recipe("tiny", ["model.width=0.5", "training.steps=60", "training.batch=8"])
        run = train(recipe, tmp_path / f"{name}.h5", tmp_path / name / "run")
        figures[name] = evaluate(run)["figures"]["segmentation"]["iou_dataset"]
    assert figures["four"] > 0.85
    assert figures["three"] < 0.65
