"""Sides that take turns, and how their times compare."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """A median with its quartiles."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Timing:
    """Seconds of one side, a value per turn."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Half of the turns took longer."""
        return statistics.median(self.seconds)

    def over(self, other: Timing) -> Ratio:
        """How many times as long as the other side it took, from the ratios of neighbouring turns."""
        ratios = [mine / its for mine, its in zip(self.seconds, other.seconds, strict=True)]
        low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return Ratio(median, low, high)


def alternate(
    sides: Mapping[str, Callable[[], object]],
    rounds: int,
    warm_up: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Time sides that take turns, so that a slow minute of the machine meets all of them.

    Every second round goes backwards, because who comes after whom may matter to caches.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(-warm_up, rounds):
        for name in sides if number % 2 == 0 else reversed(list(sides)):
            _synchronise()
            started = clock()
            sides[name]()
            _synchronise()
            if number >= 0:
                seconds[name].append(clock() - started)
    return {name: Timing(tuple(values)) for name, values in seconds.items()}


def _synchronise() -> None:
    """Wait for the GPU, whose unfinished work would otherwise be charged to the next side."""
    import torch

    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
