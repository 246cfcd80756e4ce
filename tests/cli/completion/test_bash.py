"""The script as bash runs it: words typed, words offered."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from auxseg.cli.completion.bash import bash_script
from auxseg.cli.completion.offered import offered_by
from auxseg.cli.main import _COMMANDS

CASES = {
    "auxseg da": ["data"],
    "auxseg --v": ["--version"],
    "auxseg data pr": ["prepare"],
    "auxseg train ti": ["tiny", "tiny-mtl"],
    "auxseg train tiny --dev": ["--device", "--devices"],
    "auxseg train tiny --device ": ["auto", "cpu", "cuda"],
    "auxseg train --data ": [],  # bash completes the names of files then
    "auxseg study --base ti": ["tiny", "tiny-mtl"],
    "auxseg data prepare folder --exif a": ["auto", "apply"],
    "auxseg completion ": ["bash", "zsh", "fish"],
}


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bash") / "auxseg.bash"
    path.write_text(bash_script(offered_by(_COMMANDS)))
    return path


@pytest.mark.parametrize("typed", CASES)
def test_bash_completes_a_line(typed: str, script: Path) -> None:
    words = shlex.join([*typed.split(), *([""] if typed.endswith(" ") else [])])
    line = f"COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))"
    lines = f'source {script}; {line}; _auxseg; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.split() == CASES[typed]


def test_bash_knows_the_function_for_auxseg(script: Path) -> None:
    done = subprocess.run(["bash", "-c", f"source {script}; complete -p auxseg"], capture_output=True, text=True)
    assert done.stdout.split()[-3:] == ["-F", "_auxseg", "auxseg"]
