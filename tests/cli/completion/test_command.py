"""``auxseg completion``: a script on standard output, quick to make."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from auxseg.cli.main import main


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed_or_given_as_json(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    printed = capsys.readouterr().out
    assert f"# Completion of auxseg for {shell}" in printed
    assert main(["completion", shell, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"shell": shell, "script": printed.removesuffix("\n")}


def test_the_script_is_made_without_torch() -> None:
    script = "import sys; from auxseg.cli.main import main; main(['completion', 'bash']); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_an_unknown_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["completion", "tcsh"])
    assert refused.value.code == 2
    assert "tcsh" in capsys.readouterr().err
