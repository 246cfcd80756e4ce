"""config.json says what a model is, and is not believed where the model says something else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.records.values.writing import write_json
from auxseg.run import Run, load
from auxseg.run.model_file import ModelFacts
from auxseg.run.packed.description import Description, describe, read_description
from auxseg.training.weights import WeightsFile
from tests.deploy.made_models import make_run


def _described(run: Run) -> Description:
    facts = ModelFacts.unpack(WeightsFile.open(run.best_file).metadata, run.best_file)
    return describe(load(run, "cpu"), facts, size=9, sha256="ab", data="pets.h5")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("runs") / "pets")


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Path:
    write_json(tmp_path / "config.json", _described(run))
    return tmp_path


def test_it_says_what_others_need(folder: Path) -> None:
    said = json.loads((folder / "config.json").read_text())
    assert said["input"]["size"] == 32
    assert said["input"]["channels"] == ["red", "green", "blue"]
    assert said["input"]["mean"] == pytest.approx([0.485, 0.456, 0.406])
    assert said["input"]["std"] == pytest.approx([0.229, 0.224, 0.225])
    assert said["classes"] == [
        {"id": 0, "name": "background", "category_id": 0},
        {"id": 1, "name": "animal", "category_id": 17},
    ]
    assert said["tasks"] == {
        "segmentation": {"kind": "segmentation", "answers": ["mask"], "classes": []},
        "classification": {"kind": "classification", "answers": ["classes"], "classes": ["cat", "dog"]},
        "box": {"kind": "box", "answers": ["box"], "classes": []},
    }
    assert said["data"]["labelled"] == {"segmentation": 20, "classification": 20, "box": 12}
    assert said["preparation"] == [
        "Read the image as RGB with 8 bits per channel.",
        "Turn it by its EXIF orientation.",
        "Stretch it to 32 x 32 pixels bilinearly, antialiased where it shrinks; its shape is not kept.",
        "Divide by 255.",
        "Subtract the mean and divide by std, channel by channel.",
    ]


def test_it_comes_back_and_describes_its_model(run: Run, folder: Path) -> None:
    read = read_description(folder)
    assert read == _described(run)
    facts = ModelFacts.unpack(WeightsFile.open(run.best_file).metadata, run.best_file)
    read.refuse_another(load(run, "cpu"), facts, folder)
    # another version may say the same in other words
    replace(read, preparation=("Look at it.",), auxseg_version="9").refuse_another(load(run, "cpu"), facts, folder)


def test_grey_padded_images_without_a_background_are_said(tmp_path: Path) -> None:
    vocabulary = Vocabulary(
        Size.of(32),
        ("sky", "sea", "sand"),
        {"species": ("cat",)},
        resize="letterbox",
        exif="ignore",
        has_background=False,
    )
    run = make_run(tmp_path / "beach", vocabulary=vocabulary, settings=("model.input=grey",))
    said = _described(run)
    assert said.input.channels == ("luminance",)
    assert len(said.input.mean) == len(said.input.std) == 1
    assert not said.has_background
    assert said.preparation[1] == "Ignore its EXIF orientation."
    assert said.preparation[2].startswith("Resize it to fit into 32 x 32 pixels bilinearly")
    assert said.preparation[2].endswith("pad its shorter side evenly with 128.")
    assert "Take the luminance: 0.299 red + 0.587 green + 0.114 blue." in said.preparation


def test_a_task_without_labels_says_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "pets", labelled={"segmentation": 20, "classification": 0, "box": 0})
    assert {name: task.answers for name, task in _described(run).tasks.items()} == {
        "segmentation": ("mask",),
        "classification": (),
        "box": (),
    }


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "input.size is 64, but model.safetensors says 32": lambda said: said["input"].update(size=64),
    "input.mean is a list of 3, but": lambda said: said["input"].update(mean=[0.5, 0.5, 0.5]),
    "input.resize is 'letterbox', but model.safetensors says 'squash'": lambda said: said["input"].update(
        resize="letterbox"
    ),
    "classes is a list of 1, but model.safetensors says a list of 2": lambda said: said["classes"].pop(),
    "target is 'box', but model.safetensors says 'segmentation'": lambda said: said.update(target="box"),
    "step is 31, but model.safetensors says 30": lambda said: said.update(step=31),
    "tasks.box is None, but model.safetensors says a mapping": lambda said: said["tasks"].pop("box"),
    "tasks.box.kind is 'edges', but": lambda said: said["tasks"]["box"].update(kind="edges"),
    "data.content_hash is 'x', but": lambda said: said["data"].update(content_hash="x"),
    "data.labelled.box is 13, but model.safetensors says 12": lambda said: said["data"]["labelled"].update(box=13),
    "weights.file is 'evil.bin', but": lambda said: said["weights"].update(file="evil.bin"),
    "weights.parameters is 1, but": lambda said: said["weights"].update(parameters=1),
}


@pytest.mark.parametrize("message", sorted(CHANGES))
def test_whatever_the_model_contradicts_is_named(message: str, run: Run, folder: Path) -> None:
    said = json.loads((folder / "config.json").read_text())
    CHANGES[message](said)
    (folder / "config.json").write_text(json.dumps(said))
    facts = ModelFacts.unpack(WeightsFile.open(run.best_file).metadata, run.best_file)
    with pytest.raises(InputError) as refused:
        read_description(folder).refuse_another(load(run, "cpu"), facts, folder)
    assert f"config.json: {message}" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"model_type": "bert"}', r"expected a model of auxseg \(model_type 'auxseg'\), found 'bert'"),
        ("{}", r"expected a model of auxseg \(model_type 'auxseg'\), found None"),
        ('{"model_type": "auxseg", "format": 2}', r"written by another version of auxseg \(format 2, expected 1\)"),
        ('{"model_type": "auxseg", "format": 1}', "auxseg_version is missing; pack the model again or fetch it anew"),
        ('{"model_type": ["' + "x" * 99 + '"]}', "found a list of 1"),
        ("{", "expected JSON"),
        ("[" * 2000, "expected JSON|nested too deeply"),
        ("", "expected JSON"),
        (" " * (4 * 2**20 + 1), "expected at most 4,194,304 bytes, found more"),
    ],
)
def test_what_is_no_description_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=message) as refused:
        read_description(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / 'config.json'}: ")
