"""The protocol of a balancer: how several losses become one update."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn

Reduce = Callable[[Sequence[Tensor]], None]
"""Adds tensors up over all processes, in place."""


@dataclass(frozen=True)
class Features:
    """What the encoders gave for the micro-batch whose losses come next, and the parameters that made it.

    If the balancer `reads_features`, the graph is cut there. The losses depend on ``cut``; each tensor in it has the
    numbers of the one at its place in ``made``, which depends on ``parameters``. Both are filled anew before each call
    of `backward`.
    """

    made: list[Tensor] = field(default_factory=list)
    cut: list[Tensor] = field(default_factory=list)
    parameters: Sequence[nn.Parameter] = ()


@dataclass(frozen=True)
class Step:
    """What is known of an optimiser step before its first forward pass, the same in every process.

    Attributes:
        number: counted from 0.
        num_parts: how many micro-batches the step is cut into, over all processes.
        labelled: the tasks that anything in the step has a label for.
        parameters: the network's trainable parameters, which get the step's gradients.
        features: what all tasks share of a micro-batch.
    """

    number: int
    num_parts: int
    labelled: frozenset[str]
    parameters: Sequence[nn.Parameter]
    features: Features = field(default_factory=Features)


class Balancer(ABC, nn.Module):
    """Turns losses by task into gradients in ``parameter.grad``.

    A module, because a balancer may own trainable parameters and buffers; they are optimised and saved with the run.
    One optimiser step calls `begin_step`, then `backward` for every micro-batch, then `finish` once. The losses given
    to `backward` are shares that add up, over micro-batches and processes, to the mean losses of the whole step. A
    balancer may combine gradients of single tasks, but only in `finish`, after they were added up over micro-batches
    and processes: then cutting a step differently changes nothing but rounding.

    Attributes:
        reads_features: whether it reads `Step.features`.
        num_fallbacks: in how many steps so far the rule found no answer and a simpler one took its place.
    """

    reads_features: bool = False
    num_fallbacks: int = 0

    @abstractmethod
    def begin_epoch(self, epoch: int) -> None:
        """Be told that an epoch starts (counted from 0)."""

    @abstractmethod
    def begin_step(self, step: Step) -> None:
        """Be told what is known of the step that starts."""

    @abstractmethod
    def backward(self, losses: Mapping[str, Tensor]) -> None:
        """Take one micro-batch's losses, accumulate what `finish` needs and free the graph."""

    @abstractmethod
    def finish(self, losses: Mapping[str, float], reduce: Reduce) -> dict[str, float]:
        """Leave the step's gradients, equal in every process, in the step's parameters.

        ``losses`` are the whole step's mean losses of the labelled tasks. Returns the weight given to each of them,
        for the log.
        """
