"""A disk that is full: one sentence that names the file, in every process, and no process that waits for ever."""

from __future__ import annotations

from pathlib import Path

from tests import forked
from tests.run.conftest import SETTINGS

SMALL_KIB = 8


def _arguments(store: Path, out: Path, devices: int) -> list[str]:
    options = ["--device", "cpu", "--devices", str(devices), "--set", *SETTINGS, "training.steps=1000"]
    return ["train", "tiny-mtl", "--data", str(store), "--out", str(out), *options]


def _assert_named(run: Path, errors: str) -> None:
    assert f"auxseg: {run / 'best.safetensors'}: File too large" in errors
    assert "Traceback" not in errors
    assert not list(run.glob(".*.partial"))


def test_failure_to_write_ends_the_training_and_names_the_file(store_path: Path, tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    process = forked.start(_arguments(store_path, tmp_path / "run", 1), errors, largest_file=SMALL_KIB * 1024)
    process.join(120)
    assert process.exitcode == 1
    _assert_named(tmp_path / "run", errors.read_text())


def test_failure_to_write_ends_all_processes(store_path: Path, tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    process = forked.start(_arguments(store_path, tmp_path / "run", 2), errors, largest_file=SMALL_KIB * 1024)
    process.join(120)
    assert process.exitcode == 1
    _assert_named(tmp_path / "run", errors.read_text())
