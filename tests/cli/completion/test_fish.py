"""The script for fish: a line for every command and option; where fish is installed, what it does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from auxseg.cli.completion.fish import fish_script
from auxseg.cli.completion.offered import Offered, offered_by
from auxseg.cli.main import _COMMANDS

SCRIPT = fish_script(offered_by(_COMMANDS))


def test_every_option_has_a_line_and_says_whether_it_takes_something() -> None:
    lines = SCRIPT.splitlines()
    train = "complete -c auxseg -n '__fish_seen_subcommand_from train'"
    assert f"{train} -l device -x -a 'auto cpu cuda'" in lines
    assert f"{train} -l data -r" in lines
    assert f"{train} -l overwrite" in lines
    prepare = "__fish_seen_subcommand_from data; and __fish_seen_subcommand_from prepare"
    assert f"complete -c auxseg -n '{prepare}' -l strict" in lines


def test_quotes_in_a_description_stay_text() -> None:
    script = fish_script({"": Offered("", commands=("a",)), "a": Offered("what a run's \\ is")})
    assert script.splitlines()[1].endswith(r"-a a -d 'what a run\'s \\ is'")


def test_fish_completes_a_line(tmp_path: Path) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    (tmp_path / "auxseg.fish").write_text(SCRIPT)
    lines = f"source {tmp_path}/auxseg.fish; complete -C 'auxseg data prepare --exif a'"
    done = subprocess.run(["fish", "--no-config", "-c", lines], capture_output=True, text=True, check=True)
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["apply", "auto"]
