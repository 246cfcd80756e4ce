"""Help: short where commands are listed, and the same options where something is computed."""

from __future__ import annotations

import pytest

from tests.cli.commands import help_of


def test_the_list_of_commands_stays_short(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Examples" not in help_of("", capsys)


@pytest.mark.parametrize("command", ["train", "evaluate", "predict"])
def test_device_and_threads_stand_where_something_is_computed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = help_of(command, capsys)
    assert "--device" in shown
    assert "--threads" in shown
