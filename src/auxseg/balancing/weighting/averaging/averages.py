"""Moving averages of losses by task, for weightings that need their sizes."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any, final

from torch import nn

from auxseg.balancing.weighting.weighting import Weighting


@final
class LossAverages(nn.Module):
    """The moving averages of every task's loss and of its square; a step without a label leaves a task's alone.

    They start with the first loss, and ``beta`` of them is kept in a step. Both are saved with the run.
    """

    def __init__(self, beta: float) -> None:
        super().__init__()
        self.beta = beta
        self._state: dict[str, dict[str, float]] = {"means": {}, "squares": {}}

    def add(self, losses: Mapping[str, float]) -> None:
        """Take one step's losses in."""
        for name, loss in losses.items():
            for key, value in (("means", loss), ("squares", loss**2)):
                known = self._state[key].get(name, value)
                self._state[key][name] = value + self.beta * (known - value)

    def mean(self, name: str) -> float | None:
        """A task's average, `None` before its first loss."""
        return self._state["means"].get(name)

    def variance(self, name: str) -> float:
        """How much a task's loss varies around its average; 0 before its second loss."""
        mean = self._state["means"].get(name, 0.0)
        return max(self._state["squares"].get(name, 0.0) - mean**2, 0.0)

    def get_extra_state(self) -> dict[str, Any]:
        """What a checkpoint must keep."""
        return copy.deepcopy(self._state)

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self._state = copy.deepcopy(state)


class AveragingWeighting(Weighting):
    """A weighting that weighs by the averages of past losses; subclasses say how."""

    def __init__(self, beta: float) -> None:
        super().__init__()
        self.averages = LossAverages(beta)

    def observe(self, losses: Mapping[str, float], summed: Collection[str]) -> None:
        """Take them into the averages."""
        self.averages.add(losses)

    def begin_epoch(self, epoch: int) -> None:
        """Every epoch is like every other."""
