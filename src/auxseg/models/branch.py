"""What a task has of its own on top of a pyramid.

Shape legend: ``N`` images, ``K`` numbers, ``H W`` the input size.
"""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from auxseg.models.decoders.decoder import Decoder
from auxseg.models.encoders.encoder import Pyramid
from auxseg.models.layers.heads import DenseHead, VectorHead


@final
class DenseBranch(nn.Module):
    """A decoder and a head: one map at the input's resolution."""

    def __init__(self, decoder: Decoder, head: DenseHead) -> None:
        super().__init__()
        self.decoder = decoder
        self.head = head

    def forward(self, pyramid: Pyramid) -> Float[Tensor, "N _ H W"]:
        """Decode, then apply the head."""
        return self.head(self.decoder(pyramid))


@final
class VectorBranch(nn.Module):
    """A head on the coarsest features: numbers per image."""

    def __init__(self, head: VectorHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, pyramid: Pyramid) -> Float[Tensor, "N K"]:
        """Apply the head."""
        return self.head(pyramid.features[-1])


@final
class HeadBranch(nn.Module):
    """A head on features that several dense tasks share: one map at the input's resolution."""

    def __init__(self, head: DenseHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, features: Float[Tensor, "N _ H W"]) -> Float[Tensor, "N _ H W"]:
        """Apply the head."""
        return self.head(features)


Branch = DenseBranch | VectorBranch | HeadBranch
