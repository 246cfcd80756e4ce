from __future__ import annotations

from typing import final

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Float
from torch import Tensor, nn

from auxseg.models.decoders import UNetDecoderConfig
from auxseg.models.decoders.unet import Upsample, Upsampling
from auxseg.models.encoders import Encoder, Pyramid


@final
class _Levels(Encoder):
    """Random features at any strides."""

    def __init__(self, channels: tuple[int, ...], strides: tuple[int, ...]) -> None:
        super().__init__()
        self.channels, self.strides = channels, strides

    def forward(self, image: Float[Tensor, "N 3 H W"]) -> Pyramid:
        size = image.shape[-2:]
        features = tuple(
            torch.randn(len(image), channels, size[0] // stride, size[1] // stride)
            for channels, stride in zip(self.channels, self.strides, strict=True)
        )
        return Pyramid(features, size)


STRIDES = st.lists(st.sampled_from([1, 1, 2, 2, 4]), min_size=1, max_size=4).map(
    lambda factors: tuple(torch.tensor(factors).cumprod(0).tolist())
)


@settings(max_examples=25)
@given(strides=STRIDES, upsample=st.sampled_from(["nearest", "bilinear", "transposed"]))
def test_any_strides_lead_to_the_input_size(strides: tuple[int, ...], upsample: Upsampling) -> None:
    encoder = _Levels(tuple(range(3, 3 + len(strides))), strides)
    decoder = UNetDecoderConfig(base=4, limit=8, upsample=upsample).build(encoder, width=1.0, norm="group")
    height, width = strides[-1], 2 * strides[-1]
    with torch.no_grad():
        features = decoder(encoder(torch.zeros(2, 3, height, width)))
    assert features.shape == (2, decoder.channels, height, width)


def test_a_stride_that_is_no_power_of_two() -> None:
    encoder = _Levels((6, 6), (14, 14))
    decoder = UNetDecoderConfig(base=4).build(encoder, width=1.0, norm="group")
    assert decoder(encoder(torch.zeros(1, 3, 28, 42))).shape[-2:] == (28, 42)


def test_levels_that_are_not_exact_fractions() -> None:
    """Some backbones drop a row or a column."""
    decoder = UNetDecoderConfig(base=4, upsample="transposed").build(_Levels((3, 5), (2, 4)), width=1.0, norm="group")
    levels = (torch.randn(1, 3, 15, 15), torch.randn(1, 5, 7, 7))
    assert decoder(Pyramid(levels, torch.Size((32, 32)))).shape[-2:] == (32, 32)


def test_number_of_parameters() -> None:
    """Two joining steps and one free step, counted by hand: no biases, two numbers per normalised channel."""
    decoder = UNetDecoderConfig(base=8, limit=16).build(_Levels((5, 6, 7), (2, 4, 8)), width=1.0, norm="batch")
    joining = (7 + 6) * 16 * 9 + 16 * 16 * 9 + (16 + 5) * 16 * 9 + 16 * 16 * 9 + 4 * 2 * 16
    free = 16 * 8 * 9 + 8 * 8 * 9 + 2 * 2 * 8
    assert sum(parameter.numel() for parameter in decoder.parameters()) == joining + free


def test_width_multiplies_the_channels() -> None:
    encoder = _Levels((5, 6), (1, 2))
    assert UNetDecoderConfig(base=32).build(encoder, width=0.5, norm="batch").channels == 16


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "transposed"])
def test_enlarging_a_constant_gives_a_constant(mode: Upsampling) -> None:
    upsample = Upsample(3, 2, mode)
    if isinstance(upsample.learned, nn.ConvTranspose2d):
        nn.init.dirac_(upsample.learned.weight.data[..., :1, :1])
        upsample.learned.weight.data[:] = upsample.learned.weight.data[..., :1, :1]
        assert upsample.learned.bias is not None
        nn.init.zeros_(upsample.learned.bias)
    x = torch.rand(1, 3, 1, 1).expand(1, 3, 4, 5)
    torch.testing.assert_close(upsample(x, torch.Size((8, 10))), x[..., :1, :1].expand(1, 3, 8, 10))
