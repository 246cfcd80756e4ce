from __future__ import annotations

import pytest
import torch

from auxseg.errors import InputError
from auxseg.models.decoders import SegNetDecoderConfig
from auxseg.models.encoders import EncoderConfig, SegNetEncoderConfig
from tests.models.cases import IMPOSSIBLE


@pytest.mark.parametrize("size", [(32, 32), (50, 71), (33, 95)])
def test_mirrors_the_encoder_at_any_size(size: tuple[int, int]) -> None:
    encoder = SegNetEncoderConfig().build(width=0.1, norm="batch", weights="none")
    decoder = SegNetDecoderConfig().build(encoder, width=0.1, norm="batch")
    with torch.no_grad():
        features = decoder(encoder(torch.rand(2, 3, *size)))
    assert features.shape == (2, encoder.channels[0], *size)


def test_number_of_parameters() -> None:
    """The encoder's convolutions the other way round, less the last one, which is the head."""
    encoder = SegNetEncoderConfig().build(width=1.0, norm="batch", weights="none")
    decoder = SegNetDecoderConfig().build(encoder, width=1.0, norm="batch")
    pairs = [(unit.conv.out_channels, unit.conv.in_channels) for stage in encoder.chain() for unit in stage.units()][1:]
    expected = sum(9 * channels_in * channels_out + 2 * channels_out for channels_in, channels_out in pairs)
    assert sum(parameter.numel() for parameter in decoder.parameters()) == expected


def test_indices_decide_where_values_go() -> None:
    encoder = SegNetEncoderConfig().build(width=0.1, norm="batch", weights="none").eval()
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        pyramid = encoder(image)
    assert pyramid.indices is not None
    shifted = tuple(indices.flip(-1) for indices in pyramid.indices)
    decoder = SegNetDecoderConfig().build(encoder, width=0.1, norm="batch").eval()
    with torch.no_grad():
        found, other = decoder(pyramid), decoder(type(pyramid)(pyramid.features, pyramid.input_size, shifted))
    assert not torch.allclose(found, other)


@pytest.mark.parametrize("config", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_refuses_encoders_without_indices(config: EncoderConfig) -> None:
    encoder = config.build(width=1.0, norm="batch", weights="none")
    with pytest.raises(InputError, match=r"model\.decoder: segnet unpools by the indices of the encoder's poolings"):
        SegNetDecoderConfig().build(encoder, width=1.0, norm="batch")
