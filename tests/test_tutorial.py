"""The tutorial's commands, one after the other, on fewer and smaller images and with shorter trainings."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest

from auxseg.cli.main import main
from auxseg.data.sources import open_source

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tutorial.md").read_text().replace("\\\n", "")
COMMANDS = re.findall(r"(?m)^    ((?:auxseg|python) .+)$", PAGE)
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


def test_the_folder_of_example_images_is_read_as_the_page_says(tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "examples" / "photos.py"))["make"](tmp_path / "photos", num_images=6, size=32)
    source = open_source("folder", tmp_path / "photos")
    samples = [source.read(item) for item in source.items()]
    assert source.mask_classes == ("background", "animal")
    assert [sample.id for sample in samples if sample.mask is None] == ["animal-000", "animal-003"]
    assert {sample.classes["species"] for sample in samples} == {"cat", "dog"}


@pytest.mark.parametrize("arguments", [[], ["--help"], ["photos", "more"]])
def test_without_the_name_of_a_folder_the_script_says_how_it_is_used(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["photos.py", *arguments])
    with pytest.raises(SystemExit, match=r"^usage: python examples/photos\.py FOLDER$"):
        runpy.run_path(str(ROOT / "examples" / "photos.py"), run_name="__main__")
    assert list(tmp_path.iterdir()) == []


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
