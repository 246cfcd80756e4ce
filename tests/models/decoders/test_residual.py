from __future__ import annotations

import pytest
import torch

from auxseg.models.decoders import ResidualDecoderConfig
from auxseg.models.encoders import Encoder, Pyramid, ResidualEncoderConfig, TimmEncoderConfig, UNetEncoderConfig

UNET = UNetEncoderConfig(channels=(8, 16))


def _encoder(config: UNetEncoderConfig | ResidualEncoderConfig | TimmEncoderConfig = UNET) -> Encoder:
    return config.build(width=1.0, norm="batch", weights="none")


def test_halves_the_channels_down_to_the_base() -> None:
    decoder = ResidualDecoderConfig(base=32).build(_encoder(ResidualEncoderConfig()), width=1.0, norm="batch")
    assert decoder.step_channels == (256, 128, 64, 32, 32, 32)
    assert decoder.channels == 32
    assert decoder.levels == (5,)


@pytest.mark.parametrize("skips", [False, True])
def test_reads_the_levels_that_it_names(skips: bool) -> None:
    encoder = _encoder()
    decoder = ResidualDecoderConfig(base=8, skips=skips).build(encoder, width=1.0, norm="batch").eval()
    pyramid = encoder(torch.rand(2, 3, 16, 16))
    features = [level.detach().requires_grad_() for level in pyramid.features]
    out = decoder(Pyramid(tuple(features), pyramid.input_size))
    gradients = torch.autograd.grad(out.square().sum(), features, allow_unused=True)
    assert tuple(level for level, gradient in enumerate(gradients) if gradient is not None) == decoder.levels
    assert decoder.levels == ((0, 1, 2) if skips else (2,))


def test_the_middle_of_a_flat_map_stays_flat() -> None:
    """Convolving after repeating pixels draws no checkerboard, as a transposed convolution of stride 2 would."""
    encoder = _encoder()
    decoder = ResidualDecoderConfig(base=8).build(encoder, width=1.0, norm="batch").eval()
    flat = torch.rand(1, 16, 1, 1).expand(-1, -1, 32, 32)
    with torch.no_grad():
        middle = decoder(Pyramid((flat, flat, flat), torch.Size((128, 128))))[..., 56:72, 56:72]
    torch.testing.assert_close(middle, middle[..., :1, :1].expand_as(middle))


def test_backbone_with_levels_of_one_stride() -> None:
    encoder = _encoder(TimmEncoderConfig(name="vit_tiny_patch16_224"))
    decoder = ResidualDecoderConfig(base=8, num_units=1, skips=True).build(encoder, width=1.0, norm="batch").eval()
    with torch.no_grad():
        assert decoder(encoder(torch.rand(1, 3, 32, 48))).shape == (1, decoder.channels, 32, 48)
