"""A disk that is full: one sentence that names the file, in every process, and no process that waits for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.run.conftest import SETTINGS

SMALL_KIB = 8


@pytest.mark.parametrize("devices", [1, 2])
def test_failure_to_write_ends_all_processes_and_names_the_file(store_path: Path, tmp_path: Path, devices: int) -> None:
    command = [sys.executable, "-m", "auxseg", "train", "tiny-mtl", "--data", store_path, "--out", tmp_path / "run"]
    options = ["--device", "cpu", "--devices", str(devices), "--set", *SETTINGS, "training.steps=1000"]
    result = subprocess.run(
        ["bash", "-c", f'ulimit -f {SMALL_KIB}; exec "$@"', "bash", *command, *options],
        timeout=120,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},  # which would be cut off, and read by whoever comes next
    )
    assert result.returncode == 1
    assert f"auxseg: {tmp_path / 'run' / 'best.safetensors'}: File too large" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list((tmp_path / "run").glob(".*.partial"))
