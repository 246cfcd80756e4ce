"""Colours: between sRGB and CIE Lab, and how far apart two of them are.

Sources: IEC 61966-2-1 (sRGB and its matrix to XYZ for the white of D65), CIE 15 (Lab and its colour difference of
1976). In Lab, L is the lightness in [0, 100]; a (green to red) and b (blue to yellow) lie within about 110 of zero.

Shape legend: ``N`` images, ``H W`` pixels.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

_TO_XYZ: Final = torch.tensor(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]],
    dtype=torch.float64,
)
"""Linear red, green and blue to X, Y and Z."""

_WHITE: Final = _TO_XYZ.sum(1)

_KNEE: Final = 6 / 29
"""Below its cube, Lab follows a line rather than the cube root."""


def rgb_to_lab(image: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N 3 H W"]:
    """sRGB in [0, 1] to L, a and b."""
    linear = torch.where(image > 0.04045, ((image + 0.055) / 1.055) ** 2.4, image / 12.92)
    x, y, z = _mix(linear, _TO_XYZ / _WHITE[:, None]).unbind(1)
    x, y, z = (torch.where(t > _KNEE**3, t.clamp(min=0) ** (1 / 3), t / (3 * _KNEE**2) + 4 / 29) for t in (x, y, z))
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def lab_to_rgb(lab: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N 3 H W"]:
    """L, a and b to sRGB; colours that a screen cannot show are clipped to [0, 1]."""
    lightness, a, b = lab.unbind(1)
    y = (lightness + 16) / 116
    xyz = torch.stack([y + a / 500, y, y - b / 200], dim=1)
    xyz = torch.where(xyz > _KNEE, xyz**3, 3 * _KNEE**2 * (xyz - 4 / 29))
    linear = _mix(xyz, torch.linalg.inv(_TO_XYZ / _WHITE[:, None])).clamp(0, 1)
    return torch.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)


def difference(first: Float[Tensor, "N _ H W"], second: Float[Tensor, "N _ H W"]) -> Float[Tensor, "N H W"]:
    """Delta E of 1976: the distance of two colours in Lab, or in a and b alone. 2.3 is just noticeable."""
    return (first - second).square().sum(1).sqrt()


def _mix(image: Float[Tensor, "N 3 H W"], matrix: Float[Tensor, "3 3"]) -> Float[Tensor, "N 3 H W"]:
    """Every pixel's colour times the matrix, without a matrix product, whose precision is a global setting."""
    columns = matrix.to(image).T[:, None, :, None, None]
    return columns[0] * image[:, :1] + columns[1] * image[:, 1:2] + columns[2] * image[:, 2:]
