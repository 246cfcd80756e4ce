from __future__ import annotations

import platform

import pytest
import torch

from benchmarks.tools.record import machine


def test_names_the_processor_even_beside_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    without = machine()
    assert f"Python {platform.python_version()}" in without
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some GPU")
    assert machine() == f"{without}, Some GPU, CUDA {torch.version.cuda}"
