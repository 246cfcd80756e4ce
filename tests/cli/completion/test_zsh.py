"""The script for zsh: what it says, and where zsh is installed, what it does."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from auxseg.cli.completion.offered import offered_by
from auxseg.cli.completion.zsh import zsh_script
from auxseg.cli.main import _COMMANDS

SCRIPT = zsh_script(offered_by(_COMMANDS))


def test_it_is_a_function_of_compdef() -> None:
    assert SCRIPT.startswith("#compdef auxseg\n")
    assert SCRIPT.endswith("compdef _auxseg auxseg")
    assert '        "train --device") offered=(auto cpu cuda) ;;' in SCRIPT


def test_zsh_completes_a_line() -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    lines = (
        "compdef() { }; compadd() { shift; print -r -- $* }; _files() { print FILES }\n"
        f"{SCRIPT}\n"
        "words=(auxseg data prepare --exif ''); CURRENT=5; _auxseg\n"
        "words=(auxseg train --d); CURRENT=3; _auxseg\n"
    )
    done = subprocess.run(["zsh", "-f", "-c", lines], capture_output=True, text=True, check=True)
    values, files, options = done.stdout.splitlines()
    assert (values, files) == ("auto apply ignore", "FILES")
    assert "--device" in options.split()
