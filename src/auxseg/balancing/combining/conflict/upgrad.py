"""UPGrad: every gradient is projected to where it harms no task, then all are averaged."""

from __future__ import annotations

from typing import Literal, final

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from auxseg.balancing.combining.conflict.cone import projected
from auxseg.balancing.combining.method import GramMethod, Rows
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.config import config


@final
class UPGrad(GramMethod):
    """``d`` is the mean of the projections of each ``g_i`` onto the cone of directions with ``g_j . d >= 0`` for all j.

    So no task's loss grows along ``-d``, to first order, and a task's share grows with its gradient. Without conflicts
    d is the mean.

    Source: Quinton and Rey, Jacobian Descent for Multi-Objective Optimization, 2024, https://arxiv.org/abs/2406.16232.
    Departures from `torchjd.aggregation.UPGrad`: the projections are found by non-negative least squares, which needs
    no further package (`auxseg.balancing.combining.conflict.cone`), and small gradients conflict as large ones do:
    torchjd takes a Gram matrix with a trace below 1e-4 for zero. Cost: K backward passes. State: none.
    """

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The sum of the projections' weights."""
        return torch.from_numpy(np.sum(projected(gramian, list(np.eye(len(gramian)) / len(gramian))), axis=0))


@config
class UPGradConfig(CombiningConfig):
    """Settings of `UPGrad`, which projects every gradient to where it harms no task and takes their mean."""

    kind: Literal["upgrad"] = "upgrad"

    def method(self, target: str, seed: int) -> UPGrad:
        """Make the rule."""
        return UPGrad()
