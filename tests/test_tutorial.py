"""The tutorial's commands, one after the other, on fewer and smaller images and with shorter trainings."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest

from auxseg.cli.main import main

ROOT = Path(__file__).parents[1]
COMMANDS = re.findall(r"(?m)^    ((?:auxseg|python) .+)$", (ROOT / "docs" / "tutorial.md").read_text())
SMALLER = {
    "--size 64": "--size 32",
    "training.steps=150": "training.steps=4 training.precision=fp32 training.channels_last=false",
    "training.steps=600": "training.steps=6",
    "--budget 20min": "--seeds 3 --design each --threads 1",
}
ENDLESS = ("auxseg serve",)
"""What would not end by itself."""


def test_every_replacement_has_its_place() -> None:
    assert [words for words in SMALLER if not any(words in command for command in COMMANDS)] == []
    assert [words for words in ENDLESS if not any(command.startswith(words) for command in COMMANDS)] == []


@pytest.mark.slow
def test_the_tutorial_runs_from_a_folder_to_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS:
        for words, smaller in SMALLER.items():
            command = command.replace(words, smaller)
        program, *arguments = shlex.split(command)
        if program == "python":
            runpy.run_path(str(ROOT / arguments[0]))["make"](arguments[1], num_images=40, size=32)
        elif not command.startswith(ENDLESS):
            assert main(arguments) == 0, command
    pages = ("photos.html", "studies/photos/report.html", "runs/photos/report.html", "predictions/predictions.json")
    assert [page for page in pages if not (tmp_path / page).is_file()] == []
