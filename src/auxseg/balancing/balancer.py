"""The protocol of a balancer: how several losses become one update."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from torch import Tensor, nn

Reduce = Callable[[Sequence[Tensor]], None]
"""Adds tensors up over all processes, in place."""


class Balancer(ABC, nn.Module):
    """Turns losses by task into gradients in ``parameter.grad``.

    A module, because a balancer may own trainable parameters and buffers; they are optimised and saved with the run.
    One optimiser step calls `backward` for every micro-batch and then `finish` once. The losses given are shares
    that add up, over micro-batches and processes, to the mean losses of the whole step.
    """

    @abstractmethod
    def backward(self, losses: Mapping[str, Tensor]) -> None:
        """Take one micro-batch's losses, accumulate what `finish` needs and free the graph."""

    @abstractmethod
    def finish(
        self, losses: Mapping[str, Tensor], parameters: Sequence[nn.Parameter], reduce: Reduce
    ) -> dict[str, float]:
        """Leave the step's gradients, equal in every process, in ``parameters``.

        ``losses`` are the whole step's mean losses (detached, summed over micro-batches and processes). Returns the
        weight given to each task, for the log.
        """

    def begin_epoch(self, epoch: int) -> None:
        """Be told that an epoch starts (counted from 0)."""
