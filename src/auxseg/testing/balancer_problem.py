"""A small problem on which every balancer can be tried: linear tasks on shared weights, in any number of parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, final, runtime_checkable

import torch
from torch import Tensor, nn

from auxseg.balancing import Balancer, Step

NAMES: Final = ("mask", "class", "box")
"""The tasks, the target first."""
ROWS: Final = 8
SEED: Final = 7


@runtime_checkable
class BalancerSettings(Protocol):
    """Settings that a balancer is built from."""

    def build(self, tasks: Sequence[str], target: str, seed: int) -> Balancer:
        """Make the balancer of these tasks."""
        ...


@final
class Problem(nn.Module):
    """Shared weights and a vector of each task's own; the task's loss is a mean squared error over some rows."""

    def __init__(self, names: Sequence[str] = NAMES) -> None:
        super().__init__()
        self.names = tuple(names)
        self.shared = nn.Parameter(torch.linspace(-0.5, 0.5, 4))
        self.heads = nn.ParameterDict({name: nn.Parameter(torch.ones(4) / len(name)) for name in names})

    def losses(self, step: int, part: slice, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        """The share of some rows in every task's mean loss."""
        shares = {}
        for name in self.names:  # a dictionary of parameters sorts its keys
            head = self.heads[name]
            generator = torch.Generator().manual_seed(1000 * len(name) + step)
            rows = torch.randn(ROWS, 4, generator=generator)
            errors = (rows[part] @ (self.shared * head) - rows[part].sum(1)) ** 2
            shares[name] = (len(name) * errors.sum() / ROWS).to(dtype)
        return shares


@final
class Trainer:
    """Takes plain gradient steps on a problem with a balancer."""

    def __init__(self, balancer: Balancer, names: Sequence[str] = NAMES) -> None:
        self.balancer, self.problem = balancer, Problem(names)
        self.optimizer = torch.optim.SGD([*self.problem.parameters(), *balancer.parameters()], lr=0.02, momentum=0.5)
        self.gradients: dict[str, Tensor] = {}

    def step(
        self,
        number: int,
        num_parts: int = 1,
        labelled: Sequence[str] | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> tuple[dict[str, float], dict[str, float]]:
        """One step cut into parts; an epoch has three. Returns losses and weights."""
        if number % 3 == 0:
            self.balancer.begin_epoch(number // 3)
        names = frozenset(self.problem.names if labelled is None else labelled)
        self.balancer.begin_step(Step(number, num_parts, names, list(self.problem.parameters())))
        totals = dict.fromkeys(names, 0.0)
        for part in range(num_parts):
            rows = slice(part * ROWS // num_parts, (part + 1) * ROWS // num_parts)
            losses = self.problem.losses(number, rows, dtype)
            losses = {name: loss if name in names else loss * 0 for name, loss in losses.items()}
            self.balancer.backward(losses)
            totals = {name: total + losses[name].item() for name, total in totals.items()}
        weights = self.balancer.finish(totals, nothing)
        self.gradients = {
            name: torch.zeros_like(value) if value.grad is None else value.grad.clone()
            for name, value in self.problem.named_parameters()
        }
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return totals, weights

    def weights(self) -> dict[str, Tensor]:
        """The problem's parameters by name."""
        return {name: value.detach().clone() for name, value in self.problem.named_parameters()}


def nothing(tensors: object) -> None:
    """Stands for the sum over one process."""
