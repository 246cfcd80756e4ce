"""Runs over layers: in every sharing scheme, with labels that are missing, and on data that have others."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from auxseg.data.layers import BoxesForm, Layer, MapForm, MaskForm, PointsForm, TagsForm
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import Sample
from auxseg.data.sources.source import Item
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.run import Run, evaluate, load, predict, train
from auxseg.run.labels import labelled_samples
from auxseg.run.load import matching_store
from auxseg.run.prediction.image_files import Photograph
from auxseg.run.prediction.predictions import PredictionWriter
from tests.data.layered import LayeredSource
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS

SIZE = 32
TASKS = (
    "tasks.depth={kind: depth, losses: {l1: 1, scale_invariant_log: 1}}",
    "tasks.normals={kind: normals}",
    "tasks.map={kind: map, layer: normals}",
    "tasks.parts={kind: segmentation, layer: parts}",
    "tasks.organs={kind: multimask}",
    "tasks.weather={kind: tags}",
    "tasks.things={kind: boxes}",
    "tasks.joints={kind: keypoints, losses: {focal: 1, mse: 1}}",
    "tasks.cells={kind: distance, layer: cells}",
)
NAMES = {"segmentation", "depth", "normals", "map", "parts", "organs", "weather", "things", "joints", "cells"}
SHORT = ("training.steps=2", "training.batch=4", "data.workers=1")
SEGNET = (
    "model.encoder={kind: segnet}",
    "model.decoder={kind: segnet}",
    "model.width=0.1",
    "model.norm=group",
    "training.precision=fp32",
    "training.channels_last=false",
)
OTHERS = "depth, normals, map, parts, organs, weather, things, joints, cells"
PHASES = f"training.phases=[{{name: one, share: 0.5, tasks: [{OTHERS}]}}, {{name: two, tasks: [segmentation]}}]"
SCHEMES = {
    "hard": SETTINGS,
    "hard shared": (*SETTINGS, "model.sharing={kind: hard, decoder: shared}"),
    "mtan": (*SEGNET, "model.sharing={kind: mtan}"),
    "cross-stitch": (*SEGNET, "model.sharing={kind: cross-stitch}"),
    "two-stage": (*SEGNET, "model.sharing={kind: two-stage}", PHASES),
}


@pytest.fixture(scope="module")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight samples, most of which lack something; a sample of the training split lacks all layers."""
    missing = {(0, "depth"), (1, "normals"), (2, "depth"), (3, "parts"), (0, "things"), (1, "weather")}
    missing |= {(5, name) for name in LayeredSource.layers}
    return prepare(LayeredSource(8, missing), tmp_path_factory.mktemp("data") / "a.h5", size=SIZE).path


@pytest.fixture(scope="module")
def run(store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    recipe = load_recipe("tiny", [*SETTINGS, *TASKS, *SHORT])
    return train(recipe, store_path, tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_sharing_scheme_trains_them_all(scheme: str, store_path: Path, tmp_path: Path) -> None:
    recipe = load_recipe("tiny", [*TASKS, *SHORT, *SCHEMES[scheme]])
    run = train(recipe, store_path, tmp_path / "run")
    losses = [event["losses"] for event in read_events(run.events_file) if event["event"] == "step"]
    assert set().union(*losses) == NAMES
    assert all(math.isfinite(loss) for each in losses for loss in each.values())


def test_samples_without_a_layer_are_not_counted(store_path: Path, run: Run) -> None:
    store, tasks = Store.open(store_path), load(run).tasks
    labelled = labelled_samples(tasks, store, store.rows("train"), store.rows("train"))
    assert labelled == {"segmentation": 4, "depth": 2, "normals": 2, "map": 2, "parts": 3} | {
        "organs": 3,
        "weather": 2,
        "things": 2,
        "joints": 3,
        "cells": 3,
    }


@pytest.mark.parametrize("mirrored", [False, True])
def test_figures_are_of_the_images_that_have_the_layer(run: Run, mirrored: bool) -> None:
    metrics = evaluate(run, mirrored=mirrored)
    counts = {task: figures["num_images"] for task, figures in metrics["figures"].items()}
    others = {"organs": 2, "weather": 2, "things": 2, "joints": 2, "cells": 2}
    assert counts == {"segmentation": 2, "depth": 2, "normals": 2, "map": 2, "parts": 1, **others}
    for task, figures in metrics["figures"].items():
        assert metrics["explain"][task].keys() == figures.keys()


def test_a_photograph_is_answered_with_maps(run: Run, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    prediction = predict(load(run), image)
    assert set(prediction.masks) == {"segmentation"}
    assert set(prediction.pictures) == {"depth", "normals", "map", "parts", "organs", "cells"}
    assert (prediction.answers["weather"].tags or {}).keys() == {"rain", "snow", "wind"}
    assert prediction.answers["things"].boxes is not None
    assert prediction.answers["joints"].points is not None
    Image.fromarray(image).save(tmp_path / "photo.png")
    photograph = Photograph(tmp_path / "photo.png", "photo")
    writer = PredictionWriter(load(run), tmp_path / "out", [photograph])
    writer.add(photograph)
    (said,) = json.loads(writer.finish().read_text())["images"]
    assert said["answers"]["weather"]["tags"] == prediction.answers["weather"].tags
    assert said["answers"]["things"]["boxes"] == prediction.answers["things"].record["boxes"]
    assert said["answers"]["joints"]["points"] == prediction.answers["joints"].record["points"]
    assert said["answers"]["organs"]["shares"].keys() == set("abcdefghi")
    assert (tmp_path / "out" / "photo.depth.png").exists()


def test_only_layers_of_the_tasks_are_read(store_path: Path, tmp_path: Path) -> None:
    run = train(load_recipe("tiny", [*SETTINGS, TASKS[0], *SHORT]), store_path, tmp_path / "run")
    assert matching_store(run, load(run)).layers.keys() == {"depth"}


@pytest.mark.slow
def test_two_processes_end_with_the_weights_of_one(store_path: Path, tmp_path: Path) -> None:
    plain = ("training.steps=2", "training.clip=1.0", "training.optimizer={kind: sgd, rate: 0.1}")
    settings = [*SETTINGS, *TASKS, *plain]
    one = train(load_recipe("tiny", settings), store_path, tmp_path / "one")
    options = [each for setting in settings for each in ("--set", setting)]
    arguments = ["train", "tiny", "--data", str(store_path), "--out", str(tmp_path / "two"), "--devices", "2"]
    subprocess.run([sys.executable, "-m", "auxseg", *arguments, *options], check=True, timeout=200, capture_output=True)
    two = Run.open(tmp_path / "two")
    assert two.start.processes == 2
    weights = [load(each).network.state_dict() for each in (one, two)]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-5, atol=1e-5)


class Other(LayeredSource):
    """The same samples without depth, and with the classes of the second mask in another order."""

    layers = {"normals": LayeredSource.layers["normals"], "parts": MaskForm(("head", "none", "leg"))}  # noqa: RUF012

    def read(self, item: Item) -> Sample:
        sample = super().read(item)
        order = np.arange(256, dtype=np.uint8)
        order[:3] = 1, 2, 0
        parts = Layer(self.layers["parts"], order[sample.layers["parts"].values])
        return replace(sample, layers={"normals": sample.layers["normals"], "parts": parts})


def test_other_data_are_measured_in_the_words_of_the_model(run: Run, tmp_path: Path) -> None:
    path = prepare(Other(4), tmp_path / "other.h5", size=SIZE).path
    store, same = (
        matching_store(run, load(run), path),
        Store.open(prepare(LayeredSource(4), tmp_path / "b.h5", size=SIZE).path),
    )
    assert not store.layers["depth"].present.any()
    for row in range(4):
        np.testing.assert_array_equal(store.read_layers(row)["parts"], same.read_layers(row)["parts"])
        assert np.isnan(store.read_layers(row)["depth"]).all()
    metrics = evaluate(run, data=path)
    assert metrics["figures"]["depth"]["abs_error"] is None
    assert metrics["figures"]["parts"]["num_images"] == 1


def test_data_without_the_targets_layer_or_with_another_form_are_refused(
    store_path: Path, run: Run, tmp_path: Path
) -> None:
    path = prepare(Other(4), tmp_path / "other.h5", size=SIZE).path
    recipe = load_recipe("tiny", [*SETTINGS, *TASKS, *SHORT, "target=depth"])
    of_depth = train(recipe, store_path, tmp_path / "run")
    with pytest.raises(InputError, match=r"has no layer depth, which the target predicts; it has normals, parts$"):
        evaluate(of_depth, data=path)
    source = LayeredSource(4)
    changed = {"depth": MapForm(unit="px")}
    source.layers = {**source.layers, **changed}
    with pytest.raises(
        InputError, match=r"its layer depth is a map of numbers, 1 channel, in px, but the model knows a map of numbers"
    ):
        evaluate(run, data=prepare(source, tmp_path / "px.h5", size=SIZE).path)


def test_data_without_layers_are_refused_before_training(tmp_path: Path) -> None:
    source = LayeredSource(4)
    source.layers = {}
    path = prepare(source, tmp_path / "bare.h5", size=SIZE).path
    with pytest.raises(
        InputError, match=r"tasks\.depth: needs a map of one channel in metres as a layer, but the data"
    ):
        train(load_recipe("tiny", [*SETTINGS, *TASKS, *SHORT]), path, tmp_path / "run")


def test_a_layer_that_no_training_sample_has_is_refused(tmp_path: Path) -> None:
    path = prepare(LayeredSource(4, {(index, "depth") for index in range(4)}), tmp_path / "a.h5", size=SIZE).path
    with pytest.raises(InputError, match="no training sample has a label for the auxiliary depth"):
        train(load_recipe("tiny", [*SETTINGS, TASKS[0], *SHORT]), path, tmp_path / "run")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("weather", TagsForm(("rain", "snow", "wind", "fog"))),
        ("things", BoxesForm(("car", "person", "fog"))),
        ("joints", PointsForm(("nose", "fog"))),
    ],
)
def test_tags_and_boxes_that_the_model_does_not_know_are_named(
    run: Run, name: str, form: TagsForm | BoxesForm | PointsForm, tmp_path: Path
) -> None:
    forms = {**LayeredSource.layers, name: form}

    class Stranger(LayeredSource):
        layers = forms

        def read(self, item: Item) -> Sample:
            sample = super().read(item)
            values = form.example(40, np.random.default_rng(0))
            return replace(sample, layers={**sample.layers, name: Layer(form, values)})

    path = prepare(Stranger(4), tmp_path / "stranger.h5", size=SIZE).path
    with pytest.raises(
        InputError, match=f"has the (class|key point) of the layer {name} fog, which the model does not know"
    ):
        matching_store(run, load(run), path)


def test_key_points_are_trained_on_windows_and_found_by_tiles(store_path: Path, tmp_path: Path) -> None:
    settings = (
        "tasks.joints={kind: keypoints, min_score: 0}",
        "tasks.weather={kind: tags}",
        "target=joints",
        "data.crop.size=16",
    )
    run = train(load_recipe("tiny", [*SETTINGS, *SHORT, *settings]), store_path, tmp_path / "run")
    assert evaluate(run)["figures"]["joints"]["num_images"] == 2
    prediction = predict(load(run), np.random.default_rng(0).integers(0, 256, (90, 60, 3), np.uint8))
    points = prediction.answers["joints"].points
    assert points is not None
    assert len(points) == 3
    assert all(0 <= each.place[0] <= 60 and 0 <= each.place[1] <= 90 for each in points)
