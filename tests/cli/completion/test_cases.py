"""Branches that bash and zsh share."""

from __future__ import annotations

from auxseg.cli.completion.cases import cases_of_values, cases_of_words, groups
from auxseg.cli.completion.offered import Offered

OFFERED = {
    "": Offered("", commands=("data", "run"), options=("--help",), flags=("--help",)),
    "data": Offered("", commands=("make",), options=("--help",), flags=("--help",)),
    "data make": Offered(
        "",
        options=("--help", "--kind", "--out", "--size"),
        flags=("--help",),
        values={"--kind": ("a", "b")},
        words=("x",),
    ),
}


def test_groups_are_the_commands_with_commands_of_their_own() -> None:
    assert groups(OFFERED) == "data"
    assert groups({"": OFFERED[""]}) == "-"  # a pattern that no command matches


def test_an_option_that_takes_anything_offers_nothing_and_a_flag_has_no_branch() -> None:
    assert [line.strip() for line in cases_of_values(OFFERED).splitlines()] == [
        '"data make --kind") offered=(a b) ;;',
        '"data make --out"|"data make --size") offered=() ;;',
    ]


def test_a_command_offers_its_commands_or_words() -> None:
    lines = [line.strip() for line in cases_of_words(OFFERED).splitlines()]
    assert lines[0] == '"") offered=(data run)'
    assert lines[-2:] == ['"data make") offered=(x)', "options=(--help --kind --out --size) ;;"]
