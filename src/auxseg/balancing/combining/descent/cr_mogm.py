"""CR-MOGM: the weights of MGDA, averaged over steps."""

from __future__ import annotations

from typing import Annotated, Any, Literal, final

import torch
from jaxtyping import Float, Float64
from pydantic import Field
from torch import Tensor

from auxseg.balancing.combining.descent.mgda import shortest
from auxseg.balancing.combining.method import GramMethod, Rows
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.config import config


@final
class SmoothedMGDA(GramMethod):
    """``d = sum_i w_i g_i`` with ``w <- alpha w + (1 - alpha) w'``, where w' are the weights of MGDA in this step.

    Source: Zhou et al., On the Convergence of Stochastic Multi-Objective Gradient Manipulation and Beyond, NeurIPS
    2022, https://openreview.net/forum?id=ScwfQ7hdwyP. The average begins with the first step's weights, as in torchjd,
    and is kept by task; a step that lacks a task's label scales those of the others to the sum 1. The paper smooths
    other rules too. Cost: K backward passes. State: a weight by task.
    """

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self.alpha = alpha
        self._weights: dict[str, float] = {}

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The averages, with this step in them."""
        for name, new in zip(rows.names, shortest(gramian).tolist(), strict=True):
            self._weights[name] = new + self.alpha * (self._weights.get(name, new) - new)
        weights = torch.tensor([self._weights[name] for name in rows.names], dtype=torch.float64)
        return weights / weights.sum()

    def get_extra_state(self) -> dict[str, Any]:
        """The averages."""
        return {**self._weights}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self._weights = dict(state)


@config
class CRMOGMConfig(CombiningConfig):
    """Settings of CR-MOGM, which averages the weights of MGDA over steps.

    ``alpha`` is the share of the average that is kept in a step: 0 is MGDA itself.
    """

    kind: Literal["cr-mogm"] = "cr-mogm"
    alpha: Annotated[float, Field(ge=0, lt=1)] = 0.9

    def method(self, target: str, seed: int) -> SmoothedMGDA:
        """Make the rule."""
        return SmoothedMGDA(self.alpha)
