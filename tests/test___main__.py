"""``python -m auxseg`` is the command."""

from __future__ import annotations

import runpy
import sys

import pytest

import auxseg
from auxseg.cli import main


@pytest.mark.parametrize("code", [0, 1, 2, 130, 143])
def test_the_code_of_the_command_is_that_of_the_process(code: int, monkeypatch) -> None:
    monkeypatch.setattr(main, "main", lambda: code)
    with pytest.raises(SystemExit) as end:
        runpy.run_module("auxseg", run_name="__main__")
    assert end.value.code == code


def test_the_arguments_of_the_line_are_those_of_the_command(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["auxseg", "--version"])
    with pytest.raises(SystemExit) as end:
        runpy.run_module("auxseg", run_name="__main__")
    assert end.value.code == 0
    assert capsys.readouterr().out == f"auxseg {auxseg.__version__}\n"
