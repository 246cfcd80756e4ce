"""Help: three lines to copy for every command, and how folders have to look."""

from __future__ import annotations

import shlex

import pytest

from auxseg.cli.command import use_threads
from auxseg.cli.examples import EXAMPLES
from auxseg.cli.main import _COMMANDS, main
from auxseg.errors import InputError


def _help(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    return capsys.readouterr().out


def test_every_command_has_examples() -> None:
    paths = [name for name, command in _COMMANDS.items() if not isinstance(command, dict)]
    paths += [f"data {name}" for name in _COMMANDS["data"]]
    assert {path: len(EXAMPLES.get(path, ())) for path in paths} == dict.fromkeys(paths, 3)


@pytest.mark.parametrize("command", sorted(EXAMPLES))
def test_help_shows_the_examples_and_the_options_in_them_exist(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = _help(command, capsys)
    for example in EXAMPLES[command]:
        assert f"  {example}\n" in shown
        words = shlex.split(example.partition("    (")[0])
        if words[1 : 1 + len(command.split())] == command.split():
            assert [word for word in words if word.startswith("--") and f"{word} " not in shown] == []


def test_the_list_of_commands_stays_short(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Examples" not in _help("", capsys)


@pytest.mark.parametrize("words", ["mine/masks/NAME.png", "mine/SegmentationClass/NAME.png", "mine/labels.csv"])
def test_prepare_shows_how_folders_look(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in _help("data prepare", capsys)


@pytest.mark.parametrize("command", ["train", "evaluate", "predict"])
def test_device_and_threads_stand_where_something_is_computed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = _help(command, capsys)
    assert "--device" in shown
    assert "--threads" in shown


def test_no_threads_are_refused() -> None:
    with pytest.raises(InputError, match="--threads 0: expected 1 or more"):
        use_threads(0)


@pytest.mark.parametrize(("command", "first"), [("train", "--data"), ("study", "--data"), ("predict", "--out")])
def test_help_begins_with_the_commands_own_options(
    command: str, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = _help(command, capsys).partition("show this help message")[2]
    assert all(options.index(f" {name} ") > options.index(f" {first} ") for name in ("--json", "--debug", "--plugins"))
