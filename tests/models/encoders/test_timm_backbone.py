from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from auxseg.errors import InputError
from auxseg.models.encoders import TimmEncoderConfig
from auxseg.models.encoders.timm_backbone import TimmEncoder
from auxseg.models.encoders.timm_chain import TimmChain

BACKBONES = {
    "mobilenetv2_050": (2, 4, 8, 16, 32),
    "resnet18": (2, 4, 8, 16, 32),
    "convnext_atto": (4, 8, 16, 32),
    "vgg11_bn": (1, 2, 4, 8, 16, 32),
    "efficientnet_lite0": (2, 4, 8, 16, 32),
    "swin_tiny_patch4_window7_224": (4, 8, 16, 32),
    "vit_tiny_patch16_224": (16, 16, 16),
}


def _build(name: str, weights: str = "none", image_size: int | None = None) -> TimmEncoder | TimmChain:
    return TimmEncoderConfig(name=name, image_size=image_size).build(width=1.0, norm="batch", weights=weights)


@pytest.mark.parametrize(("name", "strides"), BACKBONES.items(), ids=BACKBONES)
def test_features_are_those_of_timm(name: str, strides: tuple[int, ...]) -> None:
    encoder = _build(name).eval()
    size = 32 if name.startswith(("vgg", "resnet")) else 64
    settings: dict[str, Any] = {"dynamic_img_size": True} if "patch" in name else {}
    reference = timm.create_model(name, features_only=True, **settings).eval()
    reference.load_state_dict(encoder.backbone.state_dict())
    image = torch.randn(1, 3, size, 96)
    with torch.no_grad():
        pyramid, expected = encoder(image), reference(image)
    assert encoder.strides == strides
    assert encoder.channels == tuple(level.shape[1] for level in pyramid.features)
    for level, other, stride in zip(pyramid.features, expected, strides, strict=True):
        assert level.shape[-2:] == (size // stride, 96 // stride)
        assert torch.equal(level, other.permute(0, 3, 1, 2) if name.startswith("swin") else other)


def test_statistics_of_the_pictures_are_the_backbones_own() -> None:
    assert _build("vit_tiny_patch16_224").mean == (0.5, 0.5, 0.5)
    assert _build("resnet18").mean == (0.485, 0.456, 0.406)


def test_backbone_for_one_size() -> None:
    name = "maxvit_rmlp_pico_rw_256"
    with pytest.raises(InputError, match=rf"image_size: {name} takes images of one size only"):
        _build(name)
    assert _build(name, image_size=64)(torch.rand(1, 3, 64, 64)).features[-1].shape[-2:] == (2, 2)
    with pytest.raises(InputError, match="resnet18 takes images of any size, so expected none, found 64"):
        _build("resnet18", image_size=64)
    with pytest.raises(InputError, match=rf"image_size: {name} .* a multiple of 32, found 80"):
        _build(name, image_size=80)


def test_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(
        InputError, match=r"knows no backbone 'mobilenet_v2_100'; the nearest names are .*mobilenetv2_100"
    ):
        TimmEncoderConfig(name="mobilenet_v2_100").check(width=1.0, weights="none")
    with pytest.raises(InputError, match=r"knows no backbone '@@@'$"):
        TimmEncoderConfig(name="@@@").check(width=1.0, weights="none")


def test_unknown_tag_is_refused() -> None:
    with pytest.raises(InputError, match="Invalid pretrained tag"):
        _build("resnet18.nobody_in1k")


def test_width_leaves_the_backbone_alone() -> None:
    config = TimmEncoderConfig(name="resnet18")
    config.check(width=0.5, weights="none")
    narrow, plain = (config.build(width=width, norm="batch", weights="none") for width in (0.5, 1.0))
    assert narrow.channels == plain.channels


@pytest.mark.parametrize("name", ["mobilenetv2_050", "convnext_atto", "vit_tiny_patch16_224"])
def test_weights_from_a_file(name: str, tmp_path: Path) -> None:
    donor = timm.create_model(name)
    path = tmp_path / "weights.safetensors"
    save_file(donor.state_dict(), path)
    encoder = _build(name, str(path))
    donated, own = donor.state_dict(), encoder.backbone.state_dict()
    # A pyramid's modules have underscores where the whole model has dots, or stand below a module of their own.
    by_plain_name = {key.replace("_", "."): value for key, value in donated.items()}
    for key, value in own.items():
        assert torch.equal(value, by_plain_name[key.removeprefix("model.").replace("_", ".")])
    assert encoder.provenance.startswith("weights.safetensors (sha256 ")


@pytest.mark.parametrize("change", ["missing", "unexpected", "shape", "other"])
def test_weights_that_do_not_fit_are_refused(change: str, tmp_path: Path) -> None:
    state = timm.create_model("mobilenetv2_050").state_dict()
    match change:
        case "missing":
            del state["blocks.1.0.conv_pw.weight"]
            expected = r"blocks\.1\.0\.conv_pw\.weight is missing"
        case "unexpected":
            state["extra"] = torch.zeros(1)
            expected = "extra is unexpected"
        case "shape":
            state["conv_stem.weight"] = torch.zeros(3, 3, 3, 3)
            expected = r"conv_stem\.weight has shape \[3, 3, 3, 3\] instead of \[16, 3, 3, 3\]"
        case _:
            state = {"nothing": torch.zeros(1)}
            expected = r"conv_stem\.weight is missing.* and \d+ more"
    path = tmp_path / "weights.safetensors"
    save_file(state, path)
    with pytest.raises(InputError, match=rf"weights\.safetensors does not fit mobilenetv2_050: .*{expected}"):
        _build("mobilenetv2_050", str(path))


def test_real_weights(real_weights: Path) -> None:
    encoder = _build("mobilenetv2_100", str(real_weights)).eval()
    with torch.no_grad():
        pyramid = encoder(torch.zeros(1, 3, 64, 64))
    assert pyramid.features[-1].isfinite().all()
    assert encoder.backbone.bn1.running_var.std() > 0.1


def test_weights_that_cannot_be_downloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("auxseg.models.pretrained.answers", lambda host: True)
    monkeypatch.setattr("timm.models._builder.load_state_dict_from_hf", refuse)
    with pytest.raises(
        InputError, match=r"could not get the weights of resnet18 \(no route to host\); set model\.weights"
    ):
        _build("resnet18", "timm")


def test_downloaded_weights_say_where_they_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    state = timm.create_model("resnet18").state_dict()
    monkeypatch.setattr("auxseg.models.pretrained.answers", lambda host: True)
    monkeypatch.setattr("timm.models._builder.load_state_dict_from_hf", lambda *_, **__: dict(state))
    encoder = _build("resnet18", "timm")
    assert torch.equal(encoder.backbone.conv1.weight, state["conv1.weight"])
    assert encoder.provenance.startswith("timm resnet18.")
    assert "licence apache-2.0" in encoder.provenance
