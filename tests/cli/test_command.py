"""What every command has: its options first in the help, threads, and plugins that are run once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from auxseg.cli.command import Command, RecipeCommand, use_threads, with_own_options_first
from auxseg.errors import InputError
from tests.cli.commands import help_of


@dataclass(frozen=True, kw_only=True)
class _Own(RecipeCommand):
    """A command of two options."""

    first: int = 1
    second: int = 2

    def run(self, console: Any) -> dict[str, Any]:
        return {}


def test_no_threads_are_refused() -> None:
    with pytest.raises(InputError, match="--threads 0: expected 1 or more"):
        use_threads(0)


@pytest.mark.parametrize(("command", "first"), [("train", "--data"), ("study", "--data"), ("predict", "--out")])
def test_help_begins_with_the_commands_own_options(
    command: str, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = help_of(command, capsys).partition("show this help message")[2]
    assert all(options.index(f" {name} ") > options.index(f" {first} ") for name in ("--json", "--debug", "--plugins"))


def test_own_options_come_first_and_keep_their_order() -> None:
    expected = ["first", "second", "json", "debug", "plugins"]
    for _ in range(2):  # a command line may be read again
        assert [field.name for field in dataclasses.fields(with_own_options_first(_Own))] == expected
    assert [field.name for field in dataclasses.fields(RecipeCommand)] == expected[2:]
    assert _Own(first=3).first == 3


def test_threads_are_torchs_choice_unless_told() -> None:
    before = torch.get_num_threads()
    use_threads(None)
    assert torch.get_num_threads() == before
    use_threads(2)
    assert torch.get_num_threads() == 2
    with pytest.raises(InputError, match=r"^--threads -1: expected 1 or more$"):
        use_threads(-1)
    with pytest.raises(InputError, match=r"^--threads 99999999999: expected at most 4096$"):
        use_threads(99_999_999_999)
    assert torch.get_num_threads() == 2


def test_plugins_are_executed_in_the_order_that_they_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Path] = []
    monkeypatch.setattr("auxseg.tasks.run_plugin", ran.append)
    paths = (tmp_path / "b.py", tmp_path / "a.py")
    _Own(plugins=paths).run_plugins()
    assert ran == list(paths)
    _Own().run_plugins()
    assert len(ran) == 2


def test_a_plugin_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.py"):
        _Own(plugins=(tmp_path / "none.py",)).run_plugins()


def test_a_command_that_does_nothing_is_none() -> None:
    incomplete: Any = type("Incomplete", (Command,), {})
    with pytest.raises(TypeError, match=r"abstract.*run"):
        incomplete()
