"""Networks that see grey: one luminance instead of three colours, and a first convolution with one input channel.

Shape legend: ``N`` images, ``H W`` the input size.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from auxseg.data.luma import LUMA
from auxseg.errors import InputError
from auxseg.models.encoders.encoder import Encoder


def luminance(image: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N 1 H W"]:
    """How bright every pixel is; a grey picture repeated three times comes back as it was, within rounding."""
    red, green, blue = (share * image[:, channel : channel + 1] for channel, share in enumerate(LUMA))
    return red + green + blue


def see_grey(encoder: Encoder) -> None:
    """Sum the first convolution of an encoder over red, green and blue, and let one channel take their place.

    On a grey picture repeated three times the encoder computed the same before, if it was normalised by the same mean
    and deviation in every channel; here they become their weighted means. Random weights that were drawn for three
    channels have, after summing, the variance that suits one. Raises `InputError` for an encoder whose first
    convolution does not take three channels.
    """
    first = next((child for child in encoder.modules() if isinstance(child, nn.Conv2d)), None)
    if first is None or first.in_channels != 3:
        raise InputError(
            "model.input: grey needs an encoder whose first convolution takes three channels, and this one's takes "
            f"{'nothing' if first is None else first.in_channels}; set model.input to rgb or choose another encoder"
        )
    with torch.no_grad():
        first.weight = nn.Parameter(first.weight.sum(1, keepdim=True))
    first.in_channels = 1
    encoder.mean, encoder.std = as_one(encoder.mean), as_one(encoder.std)


def as_one(values: Sequence[float]) -> tuple[float, ...]:
    """Means or deviations of red, green and blue as one of their luminance."""
    return (sum(share * value for share, value in zip(LUMA, values, strict=True)),)
