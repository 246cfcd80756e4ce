"""Workers of a machine with several GPUs have one each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from auxseg.study.execution.devices import devices_of
from auxseg.study.execution.local import workers


@pytest.fixture(autouse=True)
def _three_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)


def test_devices_go_round() -> None:
    assert devices_of(5) == ["0", "1", "2", "0", "1"]


def test_hidden_devices_are_not_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-aa, GPU-bb,7")
    assert devices_of(4) == ["GPU-aa", "GPU-bb", "7", "GPU-aa"]


@pytest.mark.parametrize("count", [0, 1])
def test_a_single_device_is_shared(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    assert devices_of(4) is None


def test_every_worker_takes_another(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    plugin = tmp_path / "mark.py"  # executed by every worker as it begins
    plugin.write_text(
        "import os\nfrom pathlib import Path\n"
        f"(Path({str(marks)!r}) / os.environ['CUDA_VISIBLE_DEVICES']).write_text(str(os.getpid()))\n"
    )
    with workers(2, 1, (plugin,), lambda: None) as at_work:
        at_work._do(_wait_for, [(marks, 2), (marks, 2)])
    assert sorted(mark.name for mark in marks.iterdir()) == ["0", "1"]
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def _wait_for(marks: Path, number: int) -> None:
    """Keep a worker busy until as many have begun."""
    import time

    deadline = time.monotonic() + 60
    while len(list(marks.iterdir())) < number and time.monotonic() < deadline:
        time.sleep(0.01)
