"""Uncertainty weighting: the network's own noise in each task, learned with it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import WeightedConfig, Weighting, switched_on
from auxseg.config import config

Form = Literal["kendall", "revised"]


@final
class UncertaintyWeighting(Weighting):
    """Learns a log-variance ``s_i`` per task and weighs its loss with ``exp(-s_i) / 2``.

    What is minimised over network and log-variances is ``sum_i exp(-s_i) L_i / 2 + r(s_i)``, where

    - ``kendall``: ``r(s) = s / 2`` = ln sigma. Source: Kendall, Gal and Cipolla, Multi-Task Learning Using Uncertainty
      to Weigh Losses for Scene Geometry and Semantics, CVPR 2018, https://arxiv.org/abs/1705.07115, in the form of its
      regression loss for every task. The objective, which is not what is logged, may become negative.
    - ``revised``: ``r(s) = ln(1 + exp(s))`` = ln(1 + sigma^2), which never does. Source: Liebel and Körner, Auxiliary
      Tasks in Multi-task Learning, 2018, https://arxiv.org/abs/1805.06334.

    The log-variances start at 0 and are optimised with the network. They are not decayed: decay would pull every
    weight to 1/2. A task without a label in a step, or behind a gate, keeps neither term: `torchjd.scalarization.UW`,
    the reference in the tests, wants all losses at every call, in one process.
    """

    def __init__(self, tasks: Sequence[str], form: Form) -> None:
        super().__init__()
        self.form: Form = form
        self._places = {name: place for place, name in enumerate(tasks)}
        self.log_variances = nn.ParameterList([nn.Parameter(torch.zeros(())) for _ in tasks])

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The network's side: half the precision of each task."""
        return {name: math.exp(-self.log_variance(name).item()) / 2 for name in losses}

    def observe(self, losses: Mapping[str, float], summed: Collection[str]) -> None:
        """The log-variances' side: leaves their gradients, the same in every process."""
        for name, loss in losses.items():
            if name not in summed:
                continue
            variance = self.log_variance(name)
            penalty = variance / 2 if self.form == "kendall" else functional.softplus(variance)
            (torch.exp(-variance) * loss / 2 + penalty).backward()

    def begin_epoch(self, epoch: int) -> None:
        """Every epoch is like every other."""

    def log_variance(self, name: str) -> Tensor:
        """A task's parameter."""
        return self.log_variances[self._places[name]]


@config
class UncertaintyConfig(WeightedConfig):
    """Settings of `UncertaintyWeighting`; ``weights`` scale the losses that it sees.

    ``form`` is Kendall's own, or the revised one, whose penalty is never below 0.
    """

    kind: Literal["uncertainty"] = "uncertainty"
    form: Form = "kendall"

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        scales = self.scales(tasks)
        return WeightedLosses(UncertaintyWeighting(switched_on(scales), self.form), scales, self.gate)
