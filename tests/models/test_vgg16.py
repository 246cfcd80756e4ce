from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from auxseg.errors import InputError
from auxseg.models.encoders import ChainEncoder, SegNetEncoderConfig


def _features(name: str) -> nn.Module:
    with torch.device("meta"):  # most weights are the classifier's, which nobody looks at
        features = getattr(torchvision.models, name)().features
    features.to_empty(device="cpu")
    for module in features:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            assert module.bias is not None
            nn.init.normal_(module.bias, std=0.1)
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias)
    return features.eval()


def _load(path: Path) -> ChainEncoder:
    return SegNetEncoderConfig().build(width=1.0, norm="batch", weights=str(path))


@pytest.mark.parametrize("name", ["vgg16", "vgg16_bn"])
def test_computes_what_vgg16_does(name: str, tmp_path: Path) -> None:
    features, path = _features(name), tmp_path / f"{name}.pth"
    torch.save({**features.state_dict(prefix="features."), "classifier.0.weight": torch.zeros(2)}, path)
    encoder = _load(path).eval()
    image = torch.randn(1, 3, 32, 64)
    with torch.no_grad():
        torch.testing.assert_close(encoder(image).features[-1], features(image), rtol=1e-3, atol=1e-4)
    assert encoder.provenance.startswith(f"{name}.pth (sha256 ")


def test_download_is_with_batch_normalisation(monkeypatch: pytest.MonkeyPatch) -> None:
    features = _features("vgg16_bn")
    donor = SimpleNamespace(
        state_dict=lambda: features.state_dict(prefix="features."),
        pretrained_cfg={"architecture": "vgg16_bn", "tag": "tv_in1k", "license": "bsd-3-clause"},
    )
    asked = []
    monkeypatch.setattr("auxseg.models.vgg16.download", lambda name: asked.append(name) or donor)
    encoder = SegNetEncoderConfig().build(width=1.0, norm="batch", weights="timm")
    assert asked == ["vgg16_bn"]
    assert torch.equal(encoder.chain()[0].entry.conv.weight, features.state_dict()["0.weight"])
    assert encoder.provenance == "timm vgg16_bn.tv_in1k (origin not stated; licence bsd-3-clause)"


def test_file_that_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3), "features.0.bias": torch.zeros(64)}, path)
    with pytest.raises(InputError, match=r"other\.pth .* does not fit VGG-16: features\.2\.weight is missing"):
        _load(path)


def test_without_features_everything_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(InputError, match=r"features\.0\.weight is missing.* and 23 more"):
        _load(path)
