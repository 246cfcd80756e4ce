"""What tests of several commands begin with: a store made by one, and the help of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.cli.main import main


def make_store(factory: pytest.TempPathFactory, num_samples: int) -> Path:
    """A store of so many small generated animals."""
    path = factory.mktemp("data") / "animals.h5"
    command = ["data", "synthesize", "--out", str(path), "--samples", str(num_samples), "--size", "32"]
    assert main([*command, "--processes", "1"]) == 0
    return path


def help_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What ``--help`` prints."""
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    return capsys.readouterr().out
