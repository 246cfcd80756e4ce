"""Devices and processes, as far as one process can tell."""

from __future__ import annotations

import pytest
import torch

from auxseg.errors import InputError
from auxseg.training.runtime import Runtime


def test_synchronised_batch_norm_keeps_timms_fused_activations(monkeypatch: pytest.MonkeyPatch) -> None:
    import timm

    runtime = Runtime("cpu")
    monkeypatch.setattr(Runtime, "num_processes", 2)
    monkeypatch.setattr(Runtime, "device", torch.device("cuda"))
    network = timm.create_model("mobilenetv2_050", features_only=True).eval()
    image = torch.randn(1, 3, 64, 64)
    before = [level.detach() for level in network(image)]
    runtime.synchronise_batch_norm(network)
    assert any(isinstance(layer, torch.nn.SyncBatchNorm) for layer in network.modules())
    for level, expected in zip(network(image), before, strict=True):
        torch.testing.assert_close(level, expected)


@pytest.mark.parametrize("devices", [0, -1])
def test_no_process_is_refused(devices: int) -> None:
    with pytest.raises(InputError, match="expected 1 or more"):
        Runtime("cpu", devices)
