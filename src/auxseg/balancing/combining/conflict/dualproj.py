"""DualProj: the mean gradient is projected to where it harms no task."""

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
class DualProj(GramMethod):
    """``d`` is the projection of the mean gradient onto the cone of directions with ``g_j . d >= 0`` for all j.

    Source: Lopez-Paz and Ranzato, Gradient Episodic Memory for Continual Learning, NeurIPS 2017,
    https://arxiv.org/abs/1706.08840, for tasks that are trained together. Departures from
    `torchjd.aggregation.DualProj` are those of `auxseg.balancing.combining.conflict.upgrad.UPGrad`. Cost: K backward
    passes. State: none.
    """

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The projection's weights."""
        (weights,) = projected(gramian, [np.full(len(gramian), 1 / len(gramian))])
        return torch.from_numpy(weights)


@config
class DualProjConfig(CombiningConfig):
    """Settings of `DualProj`, which projects the mean gradient to where it harms no task."""

    kind: Literal["dualproj"] = "dualproj"

    def method(self, target: str, seed: int) -> DualProj:
        """Make the rule."""
        return DualProj()
