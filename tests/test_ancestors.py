"""docs/ancestors.md names every capability by a command that is understood, every fault by tests that exist."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import pytest

from auxseg.cli.command import Command
from auxseg.cli.data import Inspect, Prepare
from auxseg.cli.evaluate import Evaluate
from auxseg.cli.grid import combinations
from auxseg.cli.main import main
from auxseg.cli.presets import Presets
from auxseg.cli.report import Report
from auxseg.cli.study.command import Study
from auxseg.cli.train import Train
from auxseg.data.sources import SOURCES
from auxseg.presets import presets
from auxseg.recipe import load_recipe
from auxseg.study.design.plan import make_plan

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "ancestors.md").read_text(encoding="utf-8")
CAPABILITIES = re.findall(r"^\| (\d+) \|(.*)$", PAGE.partition("## Faults")[0], re.MULTILINE)
CELLS = list(dict.fromkeys(cell for _, row in CAPABILITIES for cell in re.findall(r"`([^`]+)`", row)))
LEFT_OUT = {
    "data prepare": "split-h5 FOLDER --out DATA.h5",
    "train": "--data DATA.h5",
    "study": "--base tiny-mtl --auxiliaries classification,box --data DATA.h5",
}
"""What the page's dots stand for after each command."""
FILES = (".csv", ".jsonl", ".html", ".png")


def _command(cell: str) -> str | None:
    """What a cell has one type: settings alone are those of a training. None if it is no command."""
    if cell.startswith("auxseg "):
        before, dots, after = cell.removeprefix("auxseg ").partition(" ...")
        begun = before.removesuffix(" NAME")
        return f"auxseg {before}{f' {LEFT_OUT[begun]}' if dots else ''}{after}".replace(" NAME ", " unet-mtl ")
    if "=" in cell:
        return f"auxseg train unet-mtl --data DATA.h5 --set {cell.removeprefix('--set ')}"
    return None


COMMANDS = [command for command in map(_command, CELLS) if command is not None]


def test_every_capability_is_listed() -> None:
    assert [int(number) for number, _ in CAPABILITIES] == list(range(1, 49))


def test_every_fault_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| (\d+b?) \|(.*)$", PAGE.partition("## Faults")[2], re.MULTILINE)
    assert [number for number, _ in rows] == [*map(str, range(1, 26)), "25b", *map(str, range(26, 30))]
    for number, row in rows:
        named = re.findall(r"`(test_\w+)` \(([\w/]+\.py)\)", row)
        assert named, number
        for test, file in named:
            assert number.zfill(2) in test.removeprefix("test_fault_").split("_"), test
            assert f"def {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), test


def test_every_test_of_a_fault_is_listed() -> None:
    for path in (ROOT / "tests").rglob("test_*.py"):
        for test in re.findall(r"^def (test_fault_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert f"`{test}` ({path.relative_to(ROOT / 'tests').as_posix()})" in PAGE, test


def test_what_is_no_command_is_a_file_or_a_preset() -> None:
    others = {cell for cell in CELLS if _command(cell) is None and not cell.endswith(FILES)}
    assert others <= {*presets(), "make test"}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood_as_printed(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    understood: list[Command] = []
    for kind in (Train, Study, Prepare, Inspect, Presets, Evaluate, Report):
        monkeypatch.setattr(kind, "run", lambda asked, console: understood.append(asked))
    assert main(shlex.split(command)[1:]) == 0
    (asked,) = understood
    if isinstance(asked, Train):
        assert asked.names
        for name, (_, chosen) in itertools.product(asked.names, combinations(asked.grid)):
            load_recipe(name, [*asked.set, *chosen])
    elif isinstance(asked, Study):
        assert len(make_plan(asked._config()).arms) > 2
    elif isinstance(asked, Presets):
        assert asked.name in presets()
    elif isinstance(asked, Prepare):
        assert asked.source in SOURCES
