"""A model directory: whole or not at all, used without data, and silent about the machine it was made on."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from auxseg.data.store.store import Store
from auxseg.data.synthesize import synthesize
from auxseg.deploy import pack
from auxseg.deploy.packing import model_card
from auxseg.errors import InputError, RunError
from auxseg.run import Run, evaluate, load
from auxseg.run.model_file import ModelFacts
from auxseg.training.weights import WeightsFile
from tests.deploy.made_models import FOLDER, make_run, write_figures

PHOTOGRAPH = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("runs") / "pets")


def test_a_packed_model_says_what_the_run_says(run: Run, tmp_path: Path) -> None:
    out = pack(run, tmp_path / "deep" / "pets")
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    assert (out / "model.safetensors").read_bytes() == run.best_file.read_bytes()
    expected, found = load(run).predict(PHOTOGRAPH), load(out).predict(PHOTOGRAPH)
    np.testing.assert_array_equal(found.masks["segmentation"], expected.masks["segmentation"])
    assert (found.boxes, found.classes) == (expected.boxes, expected.classes)
    assert (out / "README.md").read_text() == model_card(run)
    assert [path.name for path in out.parent.iterdir()] == ["pets"]


def test_it_is_used_where_neither_run_nor_data_are(run: Run, tmp_path: Path) -> None:
    out = pack(run, tmp_path / "here")
    shutil.move(out, tmp_path / "there")
    assert load(tmp_path / "there", "cpu").step == 30
    assert load(tmp_path / "there" / "model.safetensors", "cpu").step == 30


def test_it_is_measured_on_a_store_and_left_as_it_was(tmp_path: Path) -> None:
    data = tmp_path / "animals.h5"
    synthesize(data, num_samples=20, size=32, processes=1)
    run = make_run(tmp_path / "pets", vocabulary=Store.open(data).vocabulary)
    out = pack(run, tmp_path / "model")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    found, expected = (evaluate(place, "test", data) for place in (out, run))
    assert {**found, "seconds": 0} == {**expected, "seconds": 0}
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    with pytest.raises(InputError, match=r"model: a packed model has no data; name a store with --data"):
        evaluate(out)


def test_no_path_of_the_machine_is_in_it(tmp_path: Path) -> None:
    """Not even that of the file with pretrained weights, which is part of the recipe."""
    weights = f"{FOLDER}/mobilenet.safetensors"
    settings = ("model.encoder={kind: timm, name: mobilenetv3_small_050}", "model.norm=batch")
    run = make_run(
        tmp_path / "pets", settings=settings, pretrained=weights, weights="mobilenet.safetensors (sha256 ab)"
    )
    write_figures(run)
    assert FOLDER.encode() in run.best_file.read_bytes()
    out = pack(run, tmp_path / "model")
    for path in out.iterdir():
        content = path.read_bytes()
        assert FOLDER.encode() not in content, path.name
        assert os.fsencode(tmp_path) not in content, path.name
    packed, kept = WeightsFile.open(out / "model.safetensors"), WeightsFile.open(run.best_file)
    facts = ModelFacts.unpack(packed.metadata, packed.path)
    assert facts.recipe.model.weights == "mobilenet.safetensors"
    assert packed.checksum == kept.checksum
    assert {**packed.metadata, "recipe": ""} == {**kept.metadata, "recipe": ""}
    np.testing.assert_array_equal(
        load(out, "cpu").predict(PHOTOGRAPH).masks["segmentation"],
        load(run, "cpu").predict(PHOTOGRAPH).masks["segmentation"],
    )


def test_a_run_without_a_model_is_refused(run: Run, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    shutil.copytree(run.directory, begun)
    (begun / "best.safetensors").unlink()
    with pytest.raises(InputError, match=r"begun/best\.safetensors: there is no model file; train the run at least"):
        pack(begun, tmp_path / "model")
    with pytest.raises(InputError, match="model: not a run directory"):
        pack(tmp_path / "model", tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] == ["begun"]


def test_damage_is_named_where_it_lies_and_leaves_nothing(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(run.directory, broken)
    content = bytearray((broken / "best.safetensors").read_bytes())
    content[-1] ^= 64
    (broken / "best.safetensors").write_bytes(content)
    for act in (lambda: pack(broken, tmp_path / "model"), lambda: model_card(broken)):
        with pytest.raises(InputError, match=r"^\S+/broken/best\.safetensors: not a model file, or damaged"):
            act()
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]


def test_a_model_directory_is_replaced_only_if_told(run: Run, tmp_path: Path) -> None:
    out = pack(run, tmp_path / "model")
    (out / "README.md").write_text("mine")
    with pytest.raises(InputError, match=r"model already exists; --overwrite replaces it"):
        pack(run, out)
    assert (out / "README.md").read_text() == "mine"
    pack(run, out, overwrite=True)
    assert (out / "README.md").read_text() == model_card(run).replace("pets", "model").replace("model.h5", "pets.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_empty_folder_is_taken(run: Run, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    assert load(pack(run, tmp_path / "model"), "cpu").step == 30


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_else_is_ever_replaced(run: Run, tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"model_type": "bert"}')
    for name, message in {
        "file": "expected a directory to write, found a file",
        "link": "expected a directory to write, found a link",
        "thesis": r"holds other things than a model \(chapter\.tex\)",
        "other": "expected a model of auxseg" if overwrite else "already exists",
    }.items():
        with pytest.raises(InputError, match=message):
            pack(run, tmp_path / name, overwrite=overwrite)
    with pytest.raises(InputError, match="holds other things than a model"):
        pack(run, run.directory, overwrite=overwrite)
    assert (tmp_path / "thesis" / "chapter.tex").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "other", "thesis"]


def test_a_failure_leaves_the_former_directory(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = pack(run, tmp_path / "model")
    before = (out / "config.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("auxseg.deploy.packing.write_json", full)
    with pytest.raises(RunError, match=r"model: cannot be written \(No space left on device\)"):
        pack(run, out, overwrite=True)
    assert (out / "config.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_a_killed_packing_left_is_removed(run: Run, tmp_path: Path) -> None:
    left = tmp_path / ".model.4194305.partial"  # more than a number of a process can be
    left.mkdir()
    (left / "model.safetensors").write_text("half")
    pack(run, tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_that_cannot_be_made_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="model: cannot be made"):
        pack(run, tmp_path / "file" / "model")


def test_what_is_described_is_what_was_packed(run: Run, tmp_path: Path) -> None:
    said = json.loads((pack(run, tmp_path / "model") / "config.json").read_text())
    assert said["weights"]["parameters"] == sum(each.numel() for each in load(run).network.parameters())
    assert said["weights"]["bytes"] == run.best_file.stat().st_size
