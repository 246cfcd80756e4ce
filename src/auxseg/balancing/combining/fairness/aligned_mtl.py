"""Aligned-MTL: the gradients are made orthogonal and equally long before they are averaged."""

from __future__ import annotations

from typing import Literal

from auxseg.balancing.combining.method import GramMethod
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.torchjd_rules import GramRule
from auxseg.config import config


@config
class AlignedMTLConfig(CombiningConfig):
    """Settings of Aligned-MTL, the mean of the gradients after they were made orthogonal and equally long.

    With the eigenvectors V and eigenvalues l of the Gram matrix: ``w = sqrt(min l) V diag(l^-1/2) V' 1 / K``.

    Source: Senushkin et al., Independent Component Alignment for Multi-Task Learning, CVPR 2023,
    https://arxiv.org/abs/2305.19000, algorithm 1, in the form of torchjd. The step shrinks with the smallest
    eigenvalue: where two gradients are almost parallel it is almost zero. Cost: K backward passes. State: none.
    """

    kind: Literal["aligned-mtl"] = "aligned-mtl"

    def method(self, target: str, seed: int) -> GramMethod:
        """Make the rule."""
        from torchjd.aggregation import AlignedMTLWeighting

        return GramRule(AlignedMTLWeighting)
