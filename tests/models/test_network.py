from __future__ import annotations

import pytest
import torch

from auxseg.errors import InputError
from auxseg.models import ModelConfig, build_network
from auxseg.models.decoders import UNetDecoderConfig
from auxseg.models.encoders import TimmEncoderConfig, UNetEncoderConfig
from tests.models.cases import MODELS, SEGMENTATION, THREE_TASKS


def test_fault_11_inputs_are_normalised_by_the_encoders_statistics() -> None:
    network = build_network(MODELS["vit"], SEGMENTATION, seed=0)
    seen = []
    network.sharing.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(torch.full((1, 3, 32, 32), 0.75))
    torch.testing.assert_close(seen[0], torch.full((1, 3, 32, 32), 0.5))


def test_pads_with_the_mean_colour_below_and_on_the_right() -> None:
    network = build_network(MODELS["unet"], SEGMENTATION, seed=0)
    seen = []
    network.sharing.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    image = torch.rand(1, 3, 20, 32)
    network(image)
    assert seen[0].shape == (1, 3, 32, 32)
    assert not seen[0][..., 20:, :].any()
    torch.testing.assert_close(seen[0][..., :20, :], (image - network.mean) / network.std)


def test_same_pixels_as_a_picture_padded_by_hand() -> None:
    network = build_network(MODELS["unet"], SEGMENTATION, seed=0).eval()
    image = torch.rand(1, 3, 20, 30)
    padded = network.mean.repeat(1, 1, 32, 32)
    padded[..., :20, :30] = image
    with torch.no_grad():
        found, expected = network(image)["segmentation"], network(padded)["segmentation"]
    torch.testing.assert_close(found, expected[..., :20, :30])


def test_backbone_for_one_size_refuses_others() -> None:
    encoder = TimmEncoderConfig(name="vit_tiny_patch16_224", image_size=64)
    config = ModelConfig(encoder=encoder, decoder=UNetDecoderConfig(base=4, limit=8))
    network = build_network(config, SEGMENTATION, seed=0)
    assert network(torch.rand(1, 3, 64, 64))["segmentation"].shape == (1, 2, 64, 64)
    with pytest.raises(InputError, match=r"64 x 64 pixels only .*found 50 x 70"):
        network(torch.rand(1, 3, 50, 70))


def test_parts_by_name() -> None:
    network = build_network(MODELS["unet"], THREE_TASKS, seed=0)
    assert list(network.parts()) == [
        "encoder",
        "sharing",
        "decoder segmentation",
        "head segmentation",
        "head classification",
        "head box",
    ]
    assert network.parts()["sharing"] == 0
    assert network.tasks == tuple(THREE_TASKS)
    assert network.provenance == {"encoder": "random"}


def test_full_width_encoder_counts_by_hand() -> None:
    config = ModelConfig(encoder=UNetEncoderConfig(channels=(8,)), decoder=UNetDecoderConfig(base=8))
    parts = build_network(config, SEGMENTATION, seed=0).parts()
    assert parts["encoder"] == 3 * 8 * 49 + 8 * 8 * 49 + 2 * 2 * 8
    assert parts["decoder segmentation"] == (8 + 8) * 8 * 9 + 8 * 8 * 9 + 2 * 2 * 8
    assert parts["head segmentation"] == 8 * 2 * 9 + 2
