"""MetaBalance: every auxiliary's gradient is made as long as the target's."""

from __future__ import annotations

import copy
from typing import Annotated, Any, Final, Literal, final

import torch
from jaxtyping import Float, Float64
from pydantic import Field
from torch import Tensor

from auxseg.balancing.combining.method import Rows
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.target_first.target_first import TargetFirst
from auxseg.config import config

MOST: Final = 1e4
"""No weight grows above it, where an auxiliary's gradient has almost vanished."""


@final
class MetaBalance(TargetFirst):
    """``d = g_t + sum_a w_a g_a`` with ``w_a = relax m_t / m_a + 1 - relax``, where m are moving averages of the norms.

    Source: He, Feng, Cheng, Ji, Guo and Caverlee, MetaBalance: Improving Multi-Task Recommendations via Adapting
    Gradient Magnitudes of Auxiliary Tasks, WWW 2022, https://arxiv.org/abs/2203.06801, strategy C (all auxiliaries,
    smaller or larger). Departure: one norm for all shared parameters, where the paper takes each layer's. An average
    starts with the first norm instead of 0. Cost: K backward passes. State: an average by task. In a step without the
    target's label the weights are those of the averages so far.
    """

    keeps_weights = True

    def __init__(self, relax: float, beta: float, target: str) -> None:
        super().__init__()
        self.relax, self.beta, self.target = relax, beta, target
        self._norms: dict[str, float] = {}

    def weigh_auxiliaries(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights, with this step's norms in the averages."""
        for name, norm in zip(rows.names, gramian.diagonal().sqrt().tolist(), strict=True):
            self._norms[name] = norm + self.beta * (self._norms.get(name, norm) - norm)
        return torch.tensor([1.0, *map(self.kept_weight, rows.names[1:])], dtype=torch.float64)

    def kept_weight(self, name: str) -> float:
        """The weight by the averages; 1 if one of the two is not known."""
        target, norm = self._norms.get(self.target), self._norms.get(name, 0.0)
        ratio = min(target / norm, MOST) if target is not None and norm > 0 else 1.0
        return self.relax * ratio + 1 - self.relax

    def get_extra_state(self) -> dict[str, Any]:
        """The averages."""
        return copy.deepcopy(self._norms)

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self._norms = dict(state)


@config
class MetaBalanceConfig(CombiningConfig):
    """Settings of `MetaBalance`, which makes every auxiliary's gradient as long as the target's.

    ``relax`` is how much of the difference goes, ``beta`` how much of a norm's average is kept in a step.
    """

    kind: Literal["metabalance"] = "metabalance"
    relax: Annotated[float, Field(gt=0, le=1)] = 0.7
    beta: Annotated[float, Field(ge=0, lt=1)] = 0.9

    def method(self, target: str, seed: int) -> MetaBalance:
        """Make the rule."""
        return MetaBalance(self.relax, self.beta, target)
