"""Residual units: what is added to the input, not the output, is learned.

He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, https://arxiv.org/abs/1512.03385.

Shape legend: ``N`` images, ``C`` channels, ``h w`` the size of a map.
"""

from __future__ import annotations

from typing import Literal, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.models.layers.blocks import ConvUnit
from auxseg.models.layers.norms import Norm, norm_layer

Unit = Literal["normal", "bottleneck"]

NARROWING = 4


@final
class ResidualUnit(nn.Module):
    """``relu(x + f(x))``, where ``x`` is this unit's own input, however many units stand in a row.

    ``f`` is two 3x3 convolutions (``normal``), or a 1x1 to a quarter of the channels, a 3x3 there and a 1x1 back
    (``bottleneck``); each is normalised, and a ReLU follows all but the last.
    """

    def __init__(self, channels: int, unit: Unit, norm: Norm) -> None:
        super().__init__()
        inner = channels if unit == "normal" else max(channels // NARROWING, 1)
        kernel_size = 3 if unit == "normal" else 1
        first = [ConvUnit(channels, inner, norm, kernel_size)]
        if unit == "bottleneck":
            first.append(ConvUnit(inner, inner, norm))
        self.first = nn.Sequential(*first)
        self.last = nn.Conv2d(inner, channels, kernel_size, padding=kernel_size // 2, bias=False)
        self.norm = norm_layer(norm, channels)

    def forward(self, x: Float[Tensor, "N C h w"]) -> Float[Tensor, "N C h w"]:
        """Add what is learned to ``x``."""
        return F.relu(x + self.norm(self.last(self.first(x))))


def residual_units(channels: int, num_units: int, unit: Unit, norm: Norm) -> nn.Sequential:
    """Units in a row."""
    return nn.Sequential(*(ResidualUnit(channels, unit, norm) for _ in range(num_units)))
