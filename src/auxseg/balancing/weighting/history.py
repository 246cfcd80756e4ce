"""Weightings that read how fast each task learns from its mean losses of the last two periods."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, Literal, final

from pydantic import Field
from torch import nn

from auxseg.balancing.weighting.weighting import WeightedConfig, Weighting
from auxseg.config import config

FLOOR: Final = 1e-4
"""Losses below it count as this much in a ratio: the ratio of two losses that are almost zero is noise."""

Period = Literal["epoch", "step"] | Annotated[int, Field(ge=1, le=10**9)]
"""How often weights change: every epoch, every step, or every so many steps."""


@final
class LossHistory(nn.Module):
    """Adds up the losses of a period; keeps the means of the last two.

    A period without any label of a task leaves that task's means as they were. All of it is saved with the run.
    """

    def __init__(self, every: Period) -> None:
        super().__init__()
        self.every: Period = every
        self._state: dict[str, Any] = {"steps": 0, "sums": {}, "counts": {}, "newer": {}, "older": {}}

    def begin_epoch(self) -> None:
        """End the period if it is an epoch."""
        if self.every == "epoch":
            self._close()

    def add(self, losses: Mapping[str, float]) -> None:
        """Take the losses of one step in, and end the period if it is over."""
        for name, loss in losses.items():
            self._state["sums"][name] = self._state["sums"].get(name, 0.0) + loss
            self._state["counts"][name] = self._state["counts"].get(name, 0) + 1
        self._state["steps"] += 1
        if self.every != "epoch" and self._state["steps"] >= (1 if self.every == "step" else self.every):
            self._close()

    def newer(self, name: str) -> float | None:
        """A task's mean loss in the last period that had its label."""
        return self._state["newer"].get(name)

    def change(self, name: str) -> float:
        """The last mean loss less the one before: positive if the loss grows, 0 while they are not known."""
        state = self._state
        return state["newer"][name] - state["older"][name] if name in state["older"] else 0.0

    def ratio(self, *names: str) -> float:
        """The last mean loss over the one before, of the tasks together: 1 while they are not known."""
        state = self._state
        known = [name for name in names if name in state["older"]]
        if not known:
            return 1.0
        newer, older = (sum(sorted(state[key][name] for name in known)) for key in ("newer", "older"))
        return max(newer, FLOOR) / max(older, FLOOR)

    def _close(self) -> None:
        state = self._state
        for name, count in state["counts"].items():
            if name in state["newer"]:
                state["older"][name] = state["newer"][name]
            state["newer"][name] = state["sums"][name] / count
        state["sums"], state["counts"], state["steps"] = {}, {}, 0

    def get_extra_state(self) -> dict[str, Any]:
        """What a checkpoint must keep."""
        return copy.deepcopy(self._state)

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self._state = copy.deepcopy(state)


class HistoryWeighting(Weighting):
    """A weighting that weighs by what it remembers of the losses; subclasses say how."""

    def __init__(self, every: Period) -> None:
        super().__init__()
        self.history = LossHistory(every)

    def observe(self, losses: Mapping[str, float], summed: Collection[str]) -> None:
        """Remember them."""
        self.history.add(losses)

    def begin_epoch(self, epoch: int) -> None:
        """Tell the memory."""
        self.history.begin_epoch()


@config
class HistoryConfig(WeightedConfig):
    """Settings of every `HistoryWeighting`; ``every`` is its period."""

    every: Period = "epoch"
