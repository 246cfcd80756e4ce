"""Three lines to copy for every command, and how folders have to look."""

from __future__ import annotations

import re
import shlex

import pytest

from auxseg.cli.examples import EXAMPLES, NOTES
from auxseg.cli.main import _COMMANDS
from auxseg.cli.refusals import refuse_no_recipe, refuse_settings
from auxseg.data.sources import SOURCES
from tests.cli.commands import help_of


def test_every_command_has_examples() -> None:
    paths = [name for name, command in _COMMANDS.items() if not isinstance(command, dict)]
    paths += [f"{group} {name}" for group in ("data", "model") for name in _COMMANDS[group]]
    assert {path: len(EXAMPLES.get(path, ())) for path in paths} == dict.fromkeys(paths, 3)


@pytest.mark.parametrize("command", sorted(EXAMPLES))
def test_help_shows_the_examples_and_the_options_in_them_exist(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = help_of(command, capsys)
    for example in EXAMPLES[command]:
        assert f"  {example}\n" in shown
        words = shlex.split(example.partition("    (")[0])
        if words[1 : 1 + len(command.split())] == command.split():
            assert [word for word in words if word.startswith("--") and f"{word} " not in shown] == []


@pytest.mark.parametrize("words", ["mine/masks/NAME.png", "mine/SegmentationClass/NAME.png", "mine/labels.csv"])
def test_prepare_shows_how_folders_look(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in help_of("data prepare", capsys)


def test_every_source_of_folders_says_how_they_have_to_look() -> None:
    described = set(re.findall(r"^  (\S+)", NOTES["data prepare"], re.MULTILINE))
    assert described == set(SOURCES)


@pytest.mark.parametrize("command", ["train", "study"])
def test_recipes_and_settings_in_examples_exist(command: str) -> None:
    for example in EXAMPLES[command]:
        words = shlex.split(example)
        base = words[words.index("--base") + 1] if "--base" in words else words[2]
        if not base.endswith(".yaml"):
            refuse_no_recipe(base)
        refuse_settings([word.partition(",")[0] for word in words if "=" in word])


def test_lines_fit_a_terminal() -> None:
    assert [line for lines in EXAMPLES.values() for line in lines if len(line) > 110] == []
    assert [line for note in NOTES.values() for line in note.splitlines() if len(line) > 100] == []
