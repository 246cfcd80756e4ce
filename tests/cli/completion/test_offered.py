"""What is offered is what the commands take: compared with their help, which tyro makes from the same fields."""

from __future__ import annotations

import re

import pytest

from auxseg.cli.completion.offered import NAMES, offered_by
from auxseg.cli.main import _COMMANDS
from auxseg.data.sources import SOURCES
from auxseg.presets import presets
from tests.cli.commands import help_of

OFFERED = offered_by(_COMMANDS)
COMMANDS = [path for path, each in OFFERED.items() if path and not each.commands]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_the_help_is_offered_and_no_other(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.findall(r"^. (?:-h, )?(--[a-z][\w-]*)(.*)", help_of(command, capsys), re.MULTILINE)
    assert sorted(option for option, _ in shown) == sorted(OFFERED[command].options)
    takes_nothing = {option for option, rest in shown if not re.match(r" \S", rest)}
    assert takes_nothing == set(OFFERED[command].flags)


def test_words_are_those_of_a_type_or_names_that_exist() -> None:
    assert OFFERED[""].commands == tuple(_COMMANDS)
    assert OFFERED["data"].commands == tuple(_COMMANDS["data"])
    assert OFFERED["train"].words == tuple(presets())
    assert OFFERED["data prepare"].words == tuple(SOURCES)
    values = OFFERED["data prepare"].values
    assert values is not None
    assert values["--exif"] == ("auto", "apply", "ignore")
    assert values["--instances"] == ("merge", "classes")  # of a type that may also be None
    assert OFFERED["completion"].words == ("bash", "zsh", "fish")


def test_names_are_known_for_fields_that_exist() -> None:
    offered = {
        path: {*each.words, *(word for words in (each.values or {}).values() for word in words)}
        for path, each in OFFERED.items()
    }
    assert [key for key, known in NAMES.items() if not set(known()) <= offered[key[0]]] == []
