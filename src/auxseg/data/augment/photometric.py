"""The colour part of the augmentation: one affine colour transform per sample.

Shape legend: ``N`` images of a batch, ``C`` their channels, ``H W`` the stored size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from auxseg.data.augment.config import AugmentConfig
from auxseg.data.luma import LUMA

NUM_PHOTOMETRIC: Final = 6
"""Random numbers per sample: gate, brightness, contrast, saturation, hue, grey."""

_GREY: Final = np.broadcast_to(LUMA, (3, 3))
"""L: a colour to its own grey."""

_CHROMA: Final = np.array([[0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
"""The I and Q axes of YIQ."""


def _quarter_turn() -> Float64[np.ndarray, "3 3"]:
    """K: a colour to the one a quarter turn further in the IQ plane, without its grey."""
    from_yiq = np.linalg.inv(np.vstack([LUMA, _CHROMA]))
    return from_yiq[:, 1:] @ np.array([[0.0, -1.0], [1.0, 0.0]]) @ _CHROMA


_QUARTER_TURN: Final = _quarter_turn()


@dataclass(frozen=True)
class Colours:
    """One colour transform per sample: factors of `AugmentConfig`, and the hue's turn in radians."""

    brightness: Float64[np.ndarray, " N"]
    contrast: Float64[np.ndarray, " N"]
    saturation: Float64[np.ndarray, " N"]
    hue: Float64[np.ndarray, " N"]


def draw_colours(config: AugmentConfig, uniforms: Float64[np.ndarray, "N 6"]) -> Colours:
    """Turn even random numbers in [0, 1) into colour transforms. A grey picture is one of saturation 0."""
    gate, brightness, contrast, saturation, hue, gray = uniforms.T
    applied = gate < config.photometric

    def factor(uniform: Float64[np.ndarray, " N"], spread: float) -> Float64[np.ndarray, " N"]:
        return 1.0 + applied * spread * (2.0 * uniform - 1.0)

    return Colours(
        brightness=factor(brightness, config.brightness),
        contrast=factor(contrast, config.contrast),
        saturation=np.where(applied & (gray < config.gray), 0.0, factor(saturation, config.saturation)),
        hue=2.0 * np.pi * (factor(hue, config.hue) - 1.0),
    )


def recolour(
    image: Float[Tensor, "N C H W"], colours: Colours, *, has_colours: bool = True
) -> Float[Tensor, "N C H W"]:
    """Brightness b, contrast c, saturation s and hue h, in this order, limited to [0, 1] once at the end.

    Each step is affine in the pixel's colour x, so that they join into one: ``c b M x + (1 - c) b m``, where m is the
    mean grey of the picture, and ``M = L + s (cos(h) (I - L) + sin(h) K)`` sets the saturation and turns the hue in
    the IQ plane of YIQ. L maps a colour to its own grey, K to the colour a quarter turn further. Steps that do
    nothing leave every bit as it is.

    Channels that are not red, green and blue (``has_colours`` is false) have no saturation and no hue: each becomes
    ``c b x + (1 - c) b m`` with its own mean m in this picture.
    """
    if not has_colours:
        return _brightened(image, colours)
    gain = colours.contrast * colours.brightness
    chroma = np.cos(colours.hue)[:, None, None] * (np.eye(3) - _GREY)
    chroma = chroma + np.sin(colours.hue)[:, None, None] * _QUARTER_TURN
    matrix = gain[:, None, None] * (_GREY + colours.saturation[:, None, None] * chroma)
    weights = torch.from_numpy(matrix).float().to(image.device)[..., None, None]
    mean_grey = (image.mean(dim=(2, 3)).double() * torch.tensor(LUMA, dtype=torch.float64, device=image.device)).sum(1)
    lift = torch.from_numpy((1.0 - colours.contrast) * colours.brightness).to(image.device) * mean_grey
    # No matrix product: its precision is a global setting, which belongs to the network.
    mixed = weights[:, :, 0] * image[:, :1] + lift.float()[:, None, None, None]
    mixed.addcmul_(weights[:, :, 1], image[:, 1:2]).addcmul_(weights[:, :, 2], image[:, 2:])
    return mixed.clamp_(0.0, 1.0)


def _brightened(image: Float[Tensor, "N C H W"], colours: Colours) -> Float[Tensor, "N C H W"]:
    """Brightness and contrast of every channel alike."""
    gain, rest = (
        torch.from_numpy(factor).float().to(image.device)[:, None, None, None]
        for factor in (colours.contrast * colours.brightness, (1.0 - colours.contrast) * colours.brightness)
    )
    return (gain * image + rest * image.mean(dim=(2, 3), keepdim=True)).clamp_(0.0, 1.0)
