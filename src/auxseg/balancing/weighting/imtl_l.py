"""IMTL-L: scales that make all losses equally large, learned with the network."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, final

import torch
from torch import nn

from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import WeightedConfig, Weighting, switched_on
from auxseg.config import config


@final
class LearnedScales(Weighting):
    """Learns a scale ``s_i`` per task and weighs its loss with ``exp(s_i)``; minimised is ``sum_i exp(s_i) L_i - s_i``.

    Where s no longer moves, ``exp(s_i) L_i = 1`` for every task.

    Source: Liu et al., Towards Impartial Multi-task Learning, ICLR 2021, https://openreview.net/forum?id=IMPnRXEWpvr.
    It is twice `UncertaintyWeighting`'s objective with the other sign of s, and is trained in the same way: the scales
    start at 0, are optimised with the network and not decayed. `torchjd.scalarization.IMTLL` is the reference in the
    tests. State: the scales.
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__()
        self._places = {name: place for place, name in enumerate(tasks)}
        self.log_scales = nn.ParameterList([nn.Parameter(torch.zeros(())) for _ in tasks])

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The network's side."""
        return {name: math.exp(self.log_scales[self._places[name]].item()) for name in losses}

    def observe(self, losses: Mapping[str, float], summed: Collection[str]) -> None:
        """The scales' side: leaves their gradients, the same in every process."""
        for name, loss in losses.items():
            if name in summed:
                scale = self.log_scales[self._places[name]]
                (torch.exp(scale) * loss - scale).backward()

    def begin_epoch(self, epoch: int) -> None:
        """Every epoch is like every other."""


@config
class LearnedScalesConfig(WeightedConfig):
    """Settings of IMTL-L, whose scales make all losses equally large; ``weights`` scale the losses that it sees."""

    kind: Literal["imtl-l"] = "imtl-l"

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        scales = self.scales(tasks)
        return WeightedLosses(LearnedScales(switched_on(scales)), scales, self.gate)
