"""What can be refused without torch is refused without it: importing torch takes seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.commands import make_store

_DRIVER = """
import contextlib, io, json, sys
from auxseg.cli.main import main

results = {}
for name, arguments in json.loads(sys.argv[1]).items():
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        code = main(arguments)
    results[name] = [code, errors.getvalue(), "torch" in sys.modules]
print(json.dumps(results))
"""


def _outcomes(cases: Mapping[str, list[str]]) -> dict[str, tuple[int, str, bool]]:
    """Exit code, message and whether torch was imported, of all of them in one process of its own."""
    command = [sys.executable, "-c", _DRIVER, json.dumps(cases)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_store(tmp_path_factory, 10))


def test_mistakes_are_refused_before_torch_is_imported(store: str, tmp_path: Path) -> None:
    begun, damaged, photo = tmp_path / "begun", tmp_path / "damaged.yaml", tmp_path / "photo.jpg"
    begun.mkdir()
    (begun / "recipe.yaml").write_text("")
    (begun / "predictions.json").write_text("{}")
    damaged.write_text("tasks: [")
    photo.write_bytes(b"")
    study = ["study", "--base", "tiny-mtl", "--auxiliaries", "box", "--data", store, "--out", str(tmp_path / "study")]
    train = ["train", "tiny", "--data", store]
    cases = {
        "does not exist": ["train", "tiny", "--data", "nowhere.h5"],
        "photo.jpg is not an HDF5 file": ["train", "tiny", "--data", str(photo)],
        "did you mean 'tiny'": ["train", "tinny", "--data", store],
        "not YAML": ["train", str(damaged), "--data", store],
        "cannot be read": ["train", "nowhere.yaml", "--data", store],
        "begun: already exists; --resume continues the run": [*train, "--out", str(begun)],
        "did you mean 'training.steps'": [*train, "--set", "steps=5"],
        "did you mean 'training'": [*train, "--set", "trainig.steps=5"],
        "did you mean 'width'": [*train, "--set", "model.widht=2"],
        "seed is given twice, as 1 and as 2": [*train, "--set", "seed=1", "--seed", "2"],
        "training.steps is given twice": [*train, "--set", "training.steps=5", "--grid", "training.steps=6,7"],
        "expected key=value": [*train, "--set", "steps"],
        "--set training.epochs=5": [*train, "--epochs", "5"],
        "--set training.optimizer.rate=0.1": [*train, "--learning-rate=0.1"],
        "nowhere: not a run directory": ["evaluate", "nowhere"],
        "elsewhere: not a run directory": ["report", "elsewhere"],
        "nothing: not a run directory": ["predict", "nothing", str(photo), "--out", str(tmp_path / "out")],
        "nobody: not a run directory": ["serve", "nobody"],
        "--max-megapixels 900": ["serve", str(begun), "--max-megapixels", "900"],
        "none.jpg: the file or folder does not": [
            "predict",
            str(begun),
            "none.jpg",
            "--out",
            str(tmp_path / "out"),
        ],
        "other.h5 does not exist": ["evaluate", str(begun), "--data", "other.h5"],
        "gone.h5 does not exist": [*study[:6], "gone.h5", *study[7:]],
        "study cannot be read": ["study", "nowhere.yaml", "--data", store],
        "did you mean 'tiny-mtl'": ["study", "--base", "tiny-mlt", *study[3:]],
        "did you mean 'data.size'": [*study, "--set", "size=64"],
        "study has no option --epochs": [*study, "--epochs", "5"],
        "did you mean 'unet'": ["presets", "unett"],
    }
    for expected, (code, message, has_torch) in _outcomes(cases).items():
        assert expected in message
        assert message.startswith("auxseg: ")
        assert message.count("\n") == 1
        assert code == 2, message
        assert not has_torch, message


def test_what_reads_no_network_needs_no_torch() -> None:
    assert _outcomes({"listing": ["presets", "--json"]}) == {"listing": [0, "", False]}
