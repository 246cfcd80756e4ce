"""Help: short where commands are listed, and the same options where something is computed."""

from __future__ import annotations

import pytest

from auxseg.cli.main import main


def _help(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    return capsys.readouterr().out


def test_the_list_of_commands_stays_short(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Examples" not in _help("", capsys)


@pytest.mark.parametrize("command", ["train", "evaluate", "predict"])
def test_device_and_threads_stand_where_something_is_computed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = _help(command, capsys)
    assert "--device" in shown
    assert "--threads" in shown
