"""Fixed weights: the strong, cheap baseline of every comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Literal, final

from pydantic import Field
from torch import Tensor, nn

from auxseg.balancing.balancer import Balancer, Reduce
from auxseg.config import config

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@final
class FixedWeights(Balancer):
    """Minimises ``sum_i w_i L_i`` with constant weights.

    A task of weight zero leaves every gradient as if the task were not there.

    Source: Kurin et al., In Defense of the Unitary Scalarization for Deep Multi-Task Learning, NeurIPS 2022,
    https://arxiv.org/abs/2201.04122.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        super().__init__()
        self.weights = dict(weights)

    def backward(self, losses: Mapping[str, Tensor]) -> None:
        """Add the gradient of the weighted sum to ``.grad``."""
        weighted = [self.weights[name] * loss for name, loss in losses.items() if self.weights[name] > 0]
        sum(weighted[1:], start=weighted[0]).backward()

    def finish(
        self, losses: Mapping[str, Tensor], parameters: Sequence[nn.Parameter], reduce: Reduce
    ) -> dict[str, float]:
        """Add the gradients of all processes up."""
        reduce([parameter.grad for parameter in parameters if parameter.grad is not None])
        return {name: self.weights[name] for name in losses}


@config
class FixedConfig:
    """Settings of `FixedWeights`: a weight per task name; tasks that are not named get 1."""

    kind: Literal["fixed"] = "fixed"
    weights: dict[str, Weight] = field(default_factory=dict)

    def build(self, tasks: Sequence[str]) -> FixedWeights:
        """Make the balancer for these tasks."""
        return FixedWeights({name: self.weights.get(name, 1.0) for name in tasks})
