"""The reference of commands has every command, with what its help says."""

from __future__ import annotations

import re

import pytest

from auxseg.cli.completion.offered import offered_by
from auxseg.cli.examples import EXAMPLES
from auxseg.cli.main import _COMMANDS
from scripts.site.commands import all_commands, commands_page, help_of


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    parts = re.split(r"(?m)^## auxseg (.+)\n", commands_page())
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_a_section_with_its_options_and_examples(sections: dict[str, str]) -> None:
    offered = {path: each for path, each in offered_by(_COMMANDS).items() if path and not each.commands}
    assert list(sections) == list(offered)
    for name, each in offered.items():
        assert each.about in sections[name].replace("``", "`")
        assert [option for option in each.options if f"{option}" not in sections[name]] == []
        assert "\n".join(EXAMPLES[name]) in sections[name]


def test_a_command_with_commands_of_its_own_is_only_these() -> None:
    class Make:
        pass

    assert list(all_commands({"a": Make, "b": {"c": Make}})) == [("a", Make), ("b c", Make)]


def test_the_help_has_no_frame_and_fits_a_page() -> None:
    shown = help_of("train")
    assert re.search(r"(?m)^  --data PATH +The store", shown)
    assert max(map(len, shown.partition(" positional arguments")[2].splitlines())) <= 88
