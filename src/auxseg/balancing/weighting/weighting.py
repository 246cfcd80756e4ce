"""The protocol of a loss weighting, and what the settings of every weighting have in common."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from typing import Annotated

from pydantic import Field
from torch import nn

from auxseg.config import config

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Threshold = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Weighting(ABC, nn.Module):
    """Says how much each loss of a step counts.

    A module, because a weighting may own trainable parameters and a memory of past losses; both are saved. All losses
    are whole steps' mean losses, scaled by the weights of the recipe, the same numbers in every process.

    Attributes:
        uses_losses: whether `weigh` looks at the losses of the step that it weighs.
    """

    uses_losses: bool = False

    @abstractmethod
    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The weight of each of these losses, 0 to leave one out.

        ``losses`` are those that take part in step number ``step``; the numbers are NaN unless `uses_losses`.
        """

    @abstractmethod
    def observe(self, losses: Mapping[str, float], summed: Collection[str]) -> None:
        """Be told the losses of a step that was weighed, once, of all tasks with a label in it.

        ``summed`` are those among them that were weighed; the others were behind a gate. A weighting with parameters of
        its own leaves their gradients here, of the tasks in ``summed`` alone.
        """

    @abstractmethod
    def begin_epoch(self, epoch: int) -> None:
        """Be told that an epoch starts (counted from 0)."""


class Memoryless(Weighting):
    """A weighting that learns nothing from the losses that it was told and knows no epochs."""

    def observe(self, losses: Mapping[str, float], summed: Collection[str]) -> None:
        """Nothing to learn from them."""

    def begin_epoch(self, epoch: int) -> None:
        """Every epoch is like every other."""


@config
class GatedConfig:
    """Settings of every weighting: ``gate`` names auxiliaries and the loss below which a step leaves each out."""

    kind: str
    gate: dict[str, Threshold] = field(default_factory=dict)


@config
class WeightedConfig(GatedConfig):
    """Settings of a weighting that starts from a weight per task name; tasks that are not named get 1."""

    weights: dict[str, Weight] = field(default_factory=dict)

    def scales(self, tasks: Sequence[str]) -> dict[str, float]:
        """The weight of every task."""
        return {name: self.weights.get(name, 1.0) for name in tasks}


def switched_on(scales: Mapping[str, float]) -> list[str]:
    """The names of the tasks that have a weight at all."""
    return [name for name, scale in scales.items() if scale > 0]


def shares(exponents: Mapping[str, float], factors: Mapping[str, float]) -> dict[str, float]:
    """``f_i exp(x_i) / sum_j f_j exp(x_j)``; the order of the names changes no bit."""
    largest = max(exponents.values())
    terms = {name: factors[name] * math.exp(exponent - largest) for name, exponent in exponents.items()}
    total = math.fsum(terms.values())
    return {name: term / total for name, term in terms.items()}
