"""Every scheme of sharing, encoder and decoder can be exported, for images of any size."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.deploy.export import export
from tests.deploy.made_models import untrained_run

PRESETS = {
    "mobilenet-unet-mtl": (),
    "unet": ("model.width=0.25", "tasks.edges.kind=edges", "model.refine_by=[edges]"),
    "resnet34-mtl": ("model.width=0.25",),
    "mtl-segnet": ("model.width=0.25",),
    "mtl-attention": ("model.width=0.25",),
    "mtl-attention-with-canny": ("model.width=0.25",),
    "residual-cross-stitch": ("model.width=0.25",),
    "residual-two-stage": ("model.width=0.25",),
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_agrees_with_pytorch_at_every_size(preset: str, animals: Path, tmp_path: Path) -> None:
    run = untrained_run(tmp_path / "run", animals, preset, PRESETS[preset])
    exported = export(run, tmp_path / "network.onnx", tasks=["segmentation"])
    assert [parity.shape[0] for parity in exported.parity] == [1, 2, 1]
    assert all(parity.agreement is not None and parity.agreement > 0.995 for parity in exported.parity)
