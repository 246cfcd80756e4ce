"""Networks that see other channels than red, green and blue: a first convolution of as many input channels.

Shape legend: ``O`` output channels, ``C`` input channels, ``p q`` the kernel's height and width.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from auxseg.errors import InputError
from auxseg.models.encoders.encoder import RANDOM_WEIGHTS, Encoder
from auxseg.models.encoders.settings import Adapt

_COLOURS = 3


def see_channels(encoder: Encoder, in_channels: int, adapt: Adapt) -> None:
    """Give an encoder's first convolution, made for three colours, ``in_channels`` input channels.

    Random weights are drawn anew with the spread that suits so many channels; pretrained ones become those of
    `adapted`, which the encoder's provenance says. Pictures are passed on as they are until a run knows their mean and
    deviation (`Network.normalise_by`). Raises `InputError` for an encoder whose first convolution does not take three
    channels.
    """
    first = first_convolution(encoder, "these data have other channels than red, green and blue")
    with torch.no_grad():
        if encoder.provenance == RANDOM_WEIGHTS:
            weight = _redrawn(first.weight, in_channels)
        else:
            weight = adapted(first.weight, in_channels, adapt)
            encoder.provenance = f"adapted from 3 to {in_channels} channels ({adapt}): {encoder.provenance}"
        first.weight = nn.Parameter(weight)
    first.in_channels = in_channels
    encoder.mean, encoder.std = (0.0,) * in_channels, (1.0,) * in_channels


def adapted(weight: Float[Tensor, "O 3 p q"], in_channels: int, adapt: Adapt) -> Float[Tensor, "O C p q"]:
    """Pretrained weights for three colours as weights for other channels.

    With ``repeat`` channel c has the weights of colour ``c mod 3``, multiplied by ``3 / C``, so that a picture with the
    same values in every channel gives what it gave before; this is what timm does (``adapt_input_conv``). With
    ``zeros`` the first three channels keep theirs and all others start at zero. For one channel both add up the
    colours.
    """
    if in_channels == 1:
        return weight.float().sum(1, keepdim=True).to(weight.dtype)
    if adapt == "repeat":
        repeated = weight.repeat(1, math.ceil(in_channels / _COLOURS), 1, 1)[:, :in_channels]
        return repeated * (_COLOURS / in_channels)
    result = weight.new_zeros(weight.shape[0], in_channels, *weight.shape[2:])
    result[:, :_COLOURS] = weight[:, :in_channels]
    return result


def first_convolution(encoder: Encoder, why: str) -> nn.Conv2d:
    """The first convolution, which takes three channels. Raises `InputError`, saying ``why``, if it does not."""
    first = next((child for child in encoder.modules() if isinstance(child, nn.Conv2d)), None)
    if first is None or first.in_channels != _COLOURS or first.groups != 1:
        found = "nothing" if first is None else first.in_channels
        raise InputError(
            f"model.encoder: {why}, which needs an encoder whose first convolution takes three channels, and this "
            f"one's takes {found}; choose another encoder, such as resnet18"
        )
    return first


def _redrawn(weight: Float[Tensor, "O 3 p q"], in_channels: int) -> Float[Tensor, "O C p q"]:
    """Normal weights under which the output varies as much as before."""
    result = torch.empty(weight.shape[0], in_channels, *weight.shape[2:], dtype=weight.dtype, device=weight.device)
    if weight.is_meta:
        return result
    spread = float(weight.square().mean().sqrt()) * math.sqrt(_COLOURS / in_channels)
    return result.normal_(std=spread)
