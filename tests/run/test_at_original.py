"""Figures at the original size are those of the masks that `auxseg predict` writes, against the masks that were drawn.

Counted here by numpy from the files alone: pictures of many shapes, some turned by EXIF and some without a mask, with
three classes and ignored pixels.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.cli.main import main
from auxseg.data.sample import IGNORE
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.records.metrics import read_metrics
from auxseg.run import Run, evaluate, train
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS

SIZE = 32
NUM_TRAIN, NUM_TEST = 12, 8
SHAPES = [(48, 80), (90, 41), (20, 25), (32, 32), (64, 64), (37, 111)]
COLOURS = np.array([[90, 110, 90], [200, 40, 40], [40, 60, 220]])
CLASSES = ("ground", "crack", "sign")
UPRIGHT_TAG, TURNED_TAG = 1, 6
RESIZES = ("squash", "letterbox")
LEARNING = (
    "training.steps=30",
    "training.optimizer.rate=0.02",
    "tasks.segmentation.class_weights={crack: 20, sign: 2}",
    "data.augment=none",
)


def draw(folder: Path) -> Path:
    """Thin lines and rectangles on noise. Every fourth picture lies on its side, and its EXIF says so."""
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    (folder / "classes.txt").write_text("\n".join(CLASSES) + "\n")
    rows = ["id,split"]
    for number in range(NUM_TRAIN + NUM_TEST):
        random = np.random.default_rng(number)
        height, width = SHAPES[number % len(SHAPES)]
        mask = np.zeros((height, width), np.uint8)
        across = np.arange(width)
        for thick in range(3):
            mask[(np.linspace(0.2, 0.7, width) * height).astype(int) + thick, across] = 1
        y, x = int(random.integers(height // 2)), int(random.integers(width // 2))
        mask[y : y + height // 3, x : x + width // 3] = 2
        picture = (COLOURS[mask] + random.integers(-25, 25, (height, width, 3))).clip(0, 255).astype(np.uint8)
        mask[: number % 5, : width // 2] = IGNORE
        tag, exif = TURNED_TAG if number % 4 == 1 else UPRIGHT_TAG, Image.Exif()
        exif[0x0112] = tag
        stored = np.rot90(picture) if tag == TURNED_TAG else picture
        Image.fromarray(np.ascontiguousarray(stored)).save(folder / "images" / f"{number}.png", exif=exif)
        if number % 7 != 3:
            Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
        rows.append(f"{number},{'test' if number >= NUM_TRAIN else 'val' if number % 6 == 5 else 'train'}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder


def by_hand(predictions: Path, folder: Path) -> dict[str, np.ndarray]:
    """A confusion matrix for each test picture, from the files of `auxseg predict`."""
    counts = {}
    for number in range(NUM_TRAIN, NUM_TRAIN + NUM_TEST):
        predicted = np.asarray(Image.open(predictions / f"{number}.mask.png"))
        counts[str(number)] = np.zeros((3, 3), int)
        if (path := folder / "masks" / f"{number}.png").exists():
            true = np.asarray(Image.open(path))
            assert predicted.shape == true.shape
            known = true != IGNORE
            np.add.at(counts[str(number)], (true[known], predicted[known]), 1)
    return counts


def mean_iou(counts: np.ndarray) -> float:
    union = counts.sum(0) + counts.sum(1) - counts.diagonal()
    return float(np.mean(counts.diagonal()[union > 0] / union[union > 0]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def runs(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Trained on stores that keep the masks; beside each is one that does not."""
    home, recipe = tmp_path_factory.mktemp("runs"), load_recipe("tiny", [*SETTINGS, *LEARNING])
    for resize in RESIZES:
        prepare = ["data", "prepare", "folder", str(folder), "--size", str(SIZE), "--resize", resize]
        for name, options in (("kept", ["--original-masks"]), ("plain", [])):
            out = home / resize / f"{name}.h5"
            assert main([*prepare, "--out", str(out), "--processes", "1", *options]) == 0
    return {resize: train(recipe, home / resize / "kept.h5", home / resize / "run") for resize in RESIZES}


@pytest.fixture(scope="module")
def run(runs: dict[str, Run]) -> Run:
    return runs["letterbox"]


@pytest.mark.parametrize(("resize", "tta"), [("squash", "none"), ("letterbox", "none"), ("letterbox", "flip")])
def test_figures_are_those_of_the_masks_that_predict_writes(
    runs: dict[str, Run], folder: Path, tmp_path: Path, resize: str, tta: str
) -> None:
    run = runs[resize]
    pictures = [str(folder / "images" / f"{number}.png") for number in range(NUM_TRAIN, NUM_TRAIN + NUM_TEST)]
    assert main(["predict", str(run.directory), *pictures, "--out", str(tmp_path / "out"), "--tta", tta]) == 0
    expected = by_hand(tmp_path / "out", folder)
    assert main(["evaluate", str(run.directory), "--at", "original", "--tta", tta]) == 0
    metrics = read_metrics(run.directory)
    assert metrics is not None
    total = sum(expected.values())
    assert (np.array(total).sum(0) > 0).all(), "a model that finds all classes"
    np.testing.assert_array_equal(metrics.tables["segmentation.confusion"].counts, total)
    figures = metrics.figures["segmentation"]
    assert figures["miou_dataset"] == pytest.approx(mean_iou(np.array(total)))
    labelled = {id: counts for id, counts in expected.items() if counts.any()}
    assert figures["num_images"] == len(labelled) == NUM_TEST - 1
    assert figures["miou_image"] == pytest.approx(np.mean([*map(mean_iou, labelled.values())]))
    with (run.directory / "per_image.csv").open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert rows.keys() == expected.keys()
    for id, counts in expected.items():
        cells = [rows[id]["segmentation.iou"], rows[id]["segmentation.intersection.crack"]]
        if counts.any():
            assert [float(cell) for cell in cells] == pytest.approx([mean_iou(counts), counts[1, 1]])
        else:
            assert cells == ["", ""]


def test_it_is_said_in_the_files_and_only_where_it_is_so(run: Run) -> None:
    stored, original = evaluate(run), evaluate(run, at="original")
    assert "at" not in stored
    assert original["at"] == "original"
    assert stored["losses"] == pytest.approx(original["losses"], rel=1e-4)
    assert sum(map(sum, stored["tables"]["segmentation.confusion"]["counts"])) < SIZE**2 * NUM_TEST
    readings = [event for event in read_events(run.events_file) if event["event"] == "evaluate"]
    assert [reading.get("at") for reading in readings[-2:]] == [None, "original"]


def test_mirror_images_are_measured_at_the_original_size_too(run: Run) -> None:
    once, twice = (evaluate(run, at="original", mirrored=each) for each in (False, True))
    assert (twice["at"], twice["mirrored"], twice["num_images"]) == ("original", True, once["num_images"])
    counts = [np.array(each["tables"]["segmentation.confusion"]["counts"]) for each in (once, twice)]
    np.testing.assert_array_equal(counts[1].sum(1), 2 * counts[0].sum(1))
    mirrored = counts[1] - counts[0]
    assert (mirrored != counts[0]).any()
    assert mean_iou(mirrored) == pytest.approx(mean_iou(counts[0]), abs=0.2)


def test_a_model_of_smaller_pictures_and_a_model_alone_are_measured_so_too(run: Run, tmp_path: Path) -> None:
    data = run.directory.parent / "kept.h5"
    alone, within = (evaluate(each, data=data, at="original") for each in (run.best_file, run))
    assert alone["tables"] == within["tables"]
    small = train(load_recipe("tiny", [*SETTINGS, "data.size=16", "training.steps=1"]), data, tmp_path / "run")
    counts = np.array(evaluate(small, at="original")["tables"]["segmentation.confusion"]["counts"])
    np.testing.assert_array_equal(counts.sum(1), np.sum(within["tables"]["segmentation.confusion"]["counts"], axis=1))


def test_a_store_without_original_masks_names_the_option_and_nothing_is_read(run: Run) -> None:
    plain, readings = run.directory.parent / "plain.h5", len([*read_events(run.events_file)])
    assert Store.open(plain).content_hash == run.trained_on[1]
    with pytest.raises(
        InputError, match=r"plain.h5: keeps masks only at the stored size; .*prepare --original-masks`$"
    ):
        evaluate(run, data=plain, at="original")
    assert len([*read_events(run.events_file)]) == readings
