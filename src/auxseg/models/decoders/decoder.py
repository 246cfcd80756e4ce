"""The protocol of a decoder: a pyramid becomes features at the input's resolution.

Shape legend: ``N`` images, ``C`` channels, ``H W`` the input size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from auxseg.models.encoders.encoder import Pyramid


class Decoder(ABC, nn.Module):
    """Turns a pyramid into features as large as the picture, with ``channels`` channels."""

    channels: int

    @abstractmethod
    def forward(self, pyramid: Pyramid) -> Float[Tensor, "N C H W"]:
        """Decode the pyramid of one batch."""
