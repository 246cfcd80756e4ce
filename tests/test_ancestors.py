"""docs/ancestors.md names every capability by a command that is understood, every fault by tests that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from auxseg.presets import presets
from auxseg.recipe import load_recipe

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "ancestors.md").read_text(encoding="utf-8")
CAPABILITIES = re.findall(r"^\| (\d+) \|(.*)$", PAGE.partition("## Faults")[0], re.MULTILINE)
COMMANDS = [command for _, row in CAPABILITIES for command in re.findall(r"`([^`]+)`", row)]


def test_every_capability_is_listed() -> None:
    assert [int(number) for number, _ in CAPABILITIES] == list(range(1, 49))


def test_every_fault_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| (\d+b?) \|(.*)$", PAGE.partition("## Faults")[2], re.MULTILINE)
    assert [number for number, _ in rows] == [*map(str, range(1, 26)), "25b", *map(str, range(26, 30))]
    for number, row in rows:
        named = re.findall(r"`(test_\w+)` \(([\w/]+\.py)\)", row)
        assert named, number
        for test, file in named:
            assert f"def {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), test


@pytest.mark.parametrize("command", [command for command in COMMANDS if "--set" in command])
def test_settings_are_understood_as_printed(command: str) -> None:
    words = shlex.split(command)
    named = [word for word in words if word in presets()]
    settings = [word for word in words[words.index("--set") + 1 :] if not word.startswith("--")]
    settings = [setting for setting in settings if "FILE" not in setting]
    base = named[0] if named else "unet-mtl"
    load_recipe(base, [*settings, *(["model.weights=none"] if named else [])])


def test_presets_that_are_named_exist() -> None:
    for command in COMMANDS:
        words = shlex.split(command)
        if words[:2] == ["auxseg", "train"] and "--data" in words:
            named = words[2 : words.index("--data")]
            assert named
            assert set(named) <= {*presets(), "NAME"}, command
