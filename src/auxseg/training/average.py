"""A running average of the network's weights, which is what is validated and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, final

import torch
from torch import Tensor, nn


@final
class WeightAverage:
    """Exponential moving average of all parameters and floating buffers.

    ``a <- d_t a + (1 - d_t) w`` with ``d_t = min(decay, (1 + t) / (10 + t))`` at the t-th update, so that the first
    steps are forgotten quickly. Normalisation statistics are averaged with the weights that made them. Source:
    Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992, in the exponential form and
    with the warm-up of TensorFlow's ``ExponentialMovingAverage``. A decay of 0 keeps the weights as they are.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay, self.num_updates = decay, 0
        values = network.state_dict(keep_vars=True).values() if decay > 0 else ()
        self._live = [value for value in values if value.is_floating_point()]
        self._average = [value.detach().clone() for value in self._live]

    @property
    def values(self) -> list[Tensor]:
        """The averages, in the order of the network's state; none with a decay of 0."""
        return self._average

    @torch.no_grad()
    def update(self) -> None:
        """Take the weights of one more step in."""
        if not self._average:
            return
        self.num_updates += 1
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        for average, live in zip(self._average, self._live, strict=True):
            average.lerp_(live, 1 - decay)

    @torch.no_grad()
    def begin_anew(self, still: Iterable[Tensor]) -> None:
        """Begin the warm-up anew, and let the tensors that will not change for a while hold their averages."""
        self.num_updates = 0
        known = {id(tensor) for tensor in still}
        for live, average in zip(self._live, self._average, strict=True):
            if id(live) in known:
                live.copy_(average)

    @torch.no_grad()
    def keep_in(self, copy: nn.Module) -> None:
        """Let a copy of the network hold the averages from now on, so that it can be asked about them at any time."""
        held = [value for value in copy.state_dict().values() if value.is_floating_point()]
        for mine, average in zip(held, self._average, strict=True):
            mine.copy_(average)
        self._average = held

    @contextmanager
    def swapped_in(self) -> Iterator[None]:
        """Let the network hold the averaged weights for a while."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for live, average in zip(self._live, self._average, strict=True):
            kept = live.detach().clone()
            live.copy_(average)
            average.copy_(kept)

    def state(self) -> dict[str, Any]:
        """What a checkpoint must keep."""
        return {"num_updates": self.num_updates, "average": self._average}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self.num_updates = state["num_updates"]
        average: list[Tensor] = state["average"]
        for mine, stored in zip(self._average, average, strict=True):
            mine.copy_(stored)
