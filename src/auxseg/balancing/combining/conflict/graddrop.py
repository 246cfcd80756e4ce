"""GradDrop: in every coordinate only the gradients of one sign are kept."""

from __future__ import annotations

from typing import ClassVar, Literal

from auxseg.balancing.combining.method import MatrixMethod
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.torchjd_rules import MatrixRule
from auxseg.config import config


@config
class GradDropConfig(CombiningConfig):
    """Settings of GradDrop, which sums the gradients of one sign in every coordinate and drops the others.

    The positive ones are kept with the probability ``P = (1 + sum_i g_i / sum_i |g_i|) / 2``.

    Source: Chen et al., Just Pick a Sign: Optimizing Deep Multitask Models with Gradient Sign Dropout, NeurIPS 2020,
    https://arxiv.org/abs/2010.06808, in the form of torchjd, without leak. The paper drops gradients at a layer of
    activations; here, as in LibMTL, they are those of the parameters. The draw depends on seed and step alone; it is
    another on a GPU than on a CPU. Cost: K backward passes, and a copy of all gradients. State: none.
    """

    reads_products: ClassVar[bool] = False
    kind: Literal["graddrop"] = "graddrop"

    def method(self, target: str, seed: int) -> MatrixMethod:
        """Make the rule."""
        from torchjd.aggregation import GradDrop

        return MatrixRule(GradDrop, seed=seed)
