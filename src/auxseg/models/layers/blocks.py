"""The unit all our own encoders and decoders are made of.

Shape legend: ``N`` images, ``C D`` channels, ``h w`` the size of a map.
"""

from __future__ import annotations

from typing import Final, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.models.layers.norms import Norm, norm_layer

FEWEST_CHANNELS: Final = 4


def scaled(channels: int, width: float) -> int:
    """Channels times ``width``, rounded to a multiple of 8 (so that groups come out even), or 4 where that is 0."""
    return 8 * round(channels * width / 8) or FEWEST_CHANNELS


@final
class ConvUnit(nn.Module):
    """Convolution that keeps or divides the size, normalisation, ReLU.

    No bias: the normalisation would take it away.
    """

    def __init__(self, in_channels: int, out_channels: int, norm: Norm, kernel_size: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=False)
        self.norm = norm_layer(norm, out_channels)

    def forward(self, x: Float[Tensor, "N C _ _"]) -> Float[Tensor, "N D h w"]:
        """Apply all three."""
        return F.relu(self.norm(self.conv(x)), inplace=True)
