"""`auxseg model` as it is typed, and packed models where runs are taken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.cli.main import main
from auxseg.data.store.store import Store
from auxseg.deploy.pushing import Pushed
from tests.cli.commands import make_store
from tests.deploy.made_models import make_run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory, 20)


@pytest.fixture(scope="module")
def run(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "pets"
    return make_run(path, vocabulary=Store.open(store).vocabulary).directory


@pytest.fixture
def packed(run: Path, tmp_path: Path) -> Path:
    assert main(["model", "pack", str(run), "--out", str(tmp_path / "model")]) == 0
    return tmp_path / "model"


def _refused(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(list(arguments)) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    return shown.err


def test_pack_says_what_it_wrote(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "model"
    assert main(["model", "pack", str(run), "--out", str(out), "--json"]) == 0
    shown = capsys.readouterr()
    result = json.loads(shown.out)
    assert (result["model"], result["step"]) == (str(out), 30)
    assert result["bytes"] == (out / "model.safetensors").stat().st_size
    assert f"model: {out}   step 30, " in shown.err
    assert "already exists; --overwrite" in _refused(["model", "pack", str(run), "--out", str(out)], capsys)
    assert main(["model", "pack", str(run), "--out", str(out), "--overwrite"]) == 0


def test_a_run_that_is_none_is_refused_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent, out = str(tmp_path / "absent"), str(tmp_path / "out")
    for command in (["pack", absent, "--out", out], ["card", absent]):
        assert "absent: not a run directory (it does not exist)" in _refused(["model", *command], capsys)
    assert "absent: not a model directory; `auxseg model pack" in _refused(["model", "push", absent, "me/pets"], capsys)
    assert list(tmp_path.iterdir()) == []


def test_the_card_is_printed(run: Path, packed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["model", "card", str(run)]) == 0
    printed = capsys.readouterr().out
    assert printed.replace("pets", "model") == (packed / "README.md").read_text().replace("pets", "model")
    assert main(["model", "card", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"card": printed}


def test_predict_takes_a_packed_model(packed: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / "photo.png")
    command = ["predict", str(packed), str(tmp_path / "photo.png"), "--out", str(tmp_path / "masks"), "--device", "cpu"]
    assert main(command) == 0
    with Image.open(tmp_path / "masks" / "photo.mask.png") as mask:
        assert mask.size == (60, 40)


def test_evaluate_measures_a_packed_model_on_other_data(
    packed: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "packed model has no data; name a store with --data" in _refused(["evaluate", str(packed)], capsys)
    names = sorted(path.name for path in packed.iterdir())
    command = ["evaluate", str(packed), "--data", str(store), "--split", "val", "--device", "cpu", "--json"]
    assert main(command) == 0
    (name, found), *others = json.loads(capsys.readouterr().out)["runs"].items()
    assert (name, found["split"], others) == (str(packed), "val", [])
    assert found["figures"]["segmentation"]["num_images"] > 0
    assert sorted(path.name for path in packed.iterdir()) == names


def test_an_address_is_looked_for_on_the_hub(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("auxseg.run.packed.hub.answers", lambda address: False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / "photo.png")
    predict = ["predict", "hf://me/pets", str(tmp_path / "photo.png"), "--out", str(tmp_path / "masks")]
    for command in (predict, ["evaluate", "hf://me/pets", "--data", str(store)]):
        assert "hf://me/pets: https://" in _refused(command, capsys)
    assert not (tmp_path / "masks").exists()


def test_push_says_where_it_is(
    packed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[Path, str, bool, str | None]] = []

    def push(directory: Path, repository: str, *, private: bool, revision: str | None) -> Pushed:
        asked.append((directory, repository, private, revision))
        return Pushed("https://hub.test/me/pets", "hf://me/pets", "abc")

    monkeypatch.setattr("auxseg.deploy.pushing.push", push)
    capsys.readouterr()
    assert main(["model", "push", str(packed), "me/pets", "--private", "--revision", "v1", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"url": "https://hub.test/me/pets", "address": "hf://me/pets", "commit": "abc"}
    assert "auxseg predict hf://me/pets photos --out masks" in shown.err
    assert asked == [(packed, "me/pets", True, "v1")]


def test_push_needs_its_extra(
    packed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("auxseg.extras.find_spec", lambda module: None)
    capsys.readouterr()
    assert "pip install 'auxseg[hub]'" in _refused(["model", "push", str(packed), "me/pets"], capsys)
