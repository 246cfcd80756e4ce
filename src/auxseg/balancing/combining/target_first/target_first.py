"""Rules that take the target for what is wanted, and the auxiliaries for what may help it.

Shape legend: ``K`` tasks, the target's row first.
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from auxseg.balancing.combining.method import GramMethod, Rows


class TargetFirst(GramMethod):
    """A rule for gradients of which the first is the target's.

    A step without the target's label has nothing to put first: the gradients are summed, with the auxiliaries' weights
    from the steps before if the rule `keeps_weights`.
    """

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights, in a step without the target those that were kept."""
        if not rows.has_target:
            return torch.tensor([self.kept_weight(name) for name in rows.names], dtype=torch.float64)
        return self.weigh_auxiliaries(gramian, rows)

    def kept_weight(self, name: str) -> float:
        """An auxiliary's weight in a step without the target; 1 for a rule that remembers none."""
        return 1.0

    @abstractmethod
    def weigh_auxiliaries(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights of the target's gradient and of those of its auxiliaries."""


def agreement(gramian: Float64[Tensor, "K K"]) -> Float64[Tensor, " K"]:
    """The cosine of every gradient with the target's, 0 if either is zero."""
    norms = gramian.diagonal().sqrt()
    sizes = norms * norms[0]
    return torch.where(sizes > 0, gramian[0] / sizes, 0.0)
