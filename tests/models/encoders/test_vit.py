"""Plain vision transformers: DINOv2's, DINOv3's and others', small here, at any size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from auxseg.errors import InputError
from auxseg.models.encoders import ViTEncoderConfig
from auxseg.models.encoders.vit import ViTEncoder, evenly_spaced
from auxseg.models.encoders.vit_pyramid import PyramidKind

NAMES = {
    "vit_small_patch14_dinov2": 14,
    "vit_small_patch14_reg4_dinov2": 14,
    "vit_small_patch16_dinov3": 16,
    "vit_base_patch16_siglip_224": 16,
    "vit_tiny_patch16_224": 16,
}
every_name = pytest.mark.parametrize("name", NAMES)


def _backbone(name: str) -> Any:
    return timm.create_model(name, embed_dim=16, depth=4, num_heads=2, dynamic_img_size=True)


def _encoder(name: str, pyramid: PyramidKind = "dpt") -> ViTEncoder:
    return ViTEncoder(_backbone(name), pyramid=pyramid, channels=8, norm="group")


def _build(name: str, weights: str = "none", width: float = 1.0) -> ViTEncoder:
    return ViTEncoderConfig(name=name, channels=16).build(width=width, norm="batch", weights=weights)


@every_name
@pytest.mark.parametrize("size", [(32, 32), (64, 96), (160, 32)])
def test_a_pyramid_at_every_size(name: str, size: tuple[int, int]) -> None:
    encoder = ViTEncoder(_backbone(name), pyramid="dpt", channels=8, norm="batch").eval()
    assert (encoder.strides, encoder.channels) == ((4, 8, 16, 32), (8, 8, 8, 8))
    pyramid = encoder(torch.rand(1, 3, *size))
    assert pyramid.input_size == torch.Size(size)
    for level, stride in zip(pyramid.features, encoder.strides, strict=True):
        assert level.shape[-2:] == (size[0] // stride, size[1] // stride)


def _tokens(backbone: Any, image: Tensor) -> list[Tensor]:
    """What leaves every block behind the last normalisation, without class and register tokens: a loop of our own."""
    size = tuple(side // backbone.patch_embed.patch_size[0] for side in image.shape[-2:])
    x = backbone._pos_embed(backbone.patch_embed(image))
    x, further = (x[0], {"rope": x[1]}) if isinstance(x, tuple) else (x, {})
    found = []
    for block in backbone.blocks:
        x = block(x if not hasattr(backbone, "norm_pre") or found else backbone.norm_pre(x), **further)
        found.append(backbone.norm(x)[:, backbone.num_prefix_tokens :].mT.unflatten(2, size))
    return found


@every_name
@pytest.mark.parametrize("pyramid", ["dpt", "simple"])
def test_features_are_those_of_the_blocks(name: str, pyramid: PyramidKind) -> None:
    encoder = _encoder(name, pyramid).eval()
    image = torch.rand(1, 3, 64, 32)
    patch = NAMES[name]
    seen = image if patch == 16 else F.interpolate(image, size=(4 * patch, 2 * patch), mode="bilinear")
    with torch.no_grad():
        tokens = _tokens(encoder.backbone, seen)
        expected = encoder.pyramid(tokens if pyramid == "dpt" else tokens[-1:])
        for level, other in zip(encoder(image).features, expected, strict=True):
            torch.testing.assert_close(level, other)


@every_name
def test_images_do_not_see_each_other_and_answers_repeat(name: str) -> None:
    encoder = _encoder(name).eval()
    images = torch.rand(3, 3, 32, 64)
    with torch.no_grad():
        together, again, alone = encoder(images), encoder(images), encoder(images[1:2])
    for level, same, one in zip(together.features, again.features, alone.features, strict=True):
        assert torch.equal(level, same)
        torch.testing.assert_close(level[1:2], one, rtol=1e-4, atol=1e-5)


@every_name
def test_computing_again_gives_the_same_gradients_and_every_parameter_has_one(name: str) -> None:
    gradients = []
    encoder = _encoder(name)
    calls: list[int] = []
    for block in encoder.backbone.blocks:
        block.register_forward_pre_hook(lambda *_: calls.append(len(gradients)))
    for _ in range(2):
        encoder.zero_grad()
        torch.stack([level.square().sum() for level in encoder(torch.ones(1, 3, 32, 64)).features]).sum().backward()
        gradients.append([parameter.grad.clone() for parameter in encoder.parameters() if parameter.grad is not None])
        encoder.keep_less()
    assert (calls.count(0), calls.count(1)) == (4, 8)  # once more each, on the way back
    assert len(gradients[0]) == len(list(encoder.parameters()))
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


@every_name
def test_stages_are_quarters_that_hold_every_pretrained_parameter_once(name: str) -> None:
    encoder = _encoder(name)
    stages = encoder.pretrained_by_stage()
    held = [id(parameter) for stage in stages for parameter in stage]
    assert sorted(held) == sorted(id(parameter) for parameter in encoder.backbone.parameters())
    names = {id(p): name for name, p in encoder.backbone.named_parameters()}
    for number, stage in enumerate(stages):
        blocks = {names[id(p)].split(".")[1] for p in stage if names[id(p)].startswith("blocks.")}
        assert blocks == {str(number)}
    assert "patch_embed.proj.weight" in {names[id(p)] for p in stages[0]}
    assert "norm.weight" in {names[id(p)] for p in stages[-1]}
    assert {id(p) for p in encoder.pretrained()} == set(names)


@pytest.mark.parametrize(
    ("num_blocks", "expected"),
    [(12, (2, 5, 8, 11)), (24, (5, 11, 17, 23)), (4, (0, 1, 2, 3)), (6, (1, 2, 4, 5)), (5, (1, 2, 3, 4))],
)
def test_blocks_are_evenly_spaced_and_end_with_the_last(num_blocks: int, expected: tuple[int, ...]) -> None:
    assert evenly_spaced(num_blocks) == expected


def test_width_and_pictures() -> None:
    narrow = _build("test_vit", width=0.5)
    assert (narrow.channels, narrow.mean, narrow.image_size) == ((8,) * 4, (0.5, 0.5, 0.5), None)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("resnet18", "timm builds it for one size of image, or it is no vision transformer"),
        ("beit_base_patch16_224", "timm builds it for one size of image"),
        ("swin_tiny_patch4_window7_224", "it has no chain of 4 or more blocks of one resolution"),
    ],
)
def test_what_cannot_give_features_is_refused(name: str, reason: str) -> None:
    with pytest.raises(InputError, match=rf"model\.encoder\.name: {name} cannot give .*{reason}.*kind to timm"):
        _build(name)


def test_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(InputError, match=r"nearest names are .*vit_small_patch14_dinov2"):
        ViTEncoderConfig(name="vit_small_patch14_dino2").check(width=1.0, weights="none")


@pytest.mark.parametrize("name", ["test_vit", "test_vit3"])
def test_weights_from_a_file(name: str, tmp_path: Path) -> None:
    donor = timm.create_model(name)
    path = tmp_path / "weights.safetensors"
    save_file(donor.state_dict(), path)
    encoder = _build(name, str(path))
    donated = donor.state_dict()
    for key, value in encoder.backbone.state_dict().items():
        assert torch.equal(value, donated[key if key in donated else key.replace("norm.", "fc_norm.")])
    assert encoder.provenance.startswith("weights.safetensors (sha256 ")
    with pytest.raises(InputError, match=r"does not fit vit_tiny_patch16_224: "):
        _build("vit_tiny_patch16_224", str(path))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vit_small_patch14_reg4_dinov2", "vit_small_patch16_dinov3"])
def test_exported_at_one_size_serves_another(name: str, tmp_path: Path) -> None:
    ort = pytest.importorskip("onnxruntime")

    class Levels(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = _encoder(name).eval()

        def forward(self, image: Tensor) -> tuple[Tensor, ...]:
            return self.encoder(image).features

    levels, auto = Levels().eval(), torch.export.Dim.AUTO
    program = torch.onnx.export(
        levels, (torch.rand(2, 3, 64, 96),), dynamo=True, dynamic_shapes=({0: auto, 2: auto, 3: auto},), verbose=False
    )
    assert program is not None
    program.save(tmp_path / "levels.onnx")
    session = ort.InferenceSession(tmp_path / "levels.onnx")
    for shape in ((1, 3, 160, 32), (3, 3, 64, 64)):
        image = torch.rand(shape)
        found = session.run(None, {session.get_inputs()[0].name: image.numpy()})
        with torch.no_grad():
            for level, other in zip(levels(image), found, strict=True):
                torch.testing.assert_close(torch.from_numpy(other), level, rtol=1e-3, atol=1e-4)
