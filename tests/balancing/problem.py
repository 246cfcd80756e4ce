"""A small problem on which every balancer can be tried: linear tasks on shared weights, in any number of parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from auxseg.balancing import (
    Balancer,
    DWAConfig,
    EqualConfig,
    FixedConfig,
    GeometricConfig,
    NormalisedDynamicConfig,
    RandomConfig,
    SoftAdaptConfig,
    Step,
    UncertaintyConfig,
)

CASES: dict[str, Any] = {
    "equal": EqualConfig,
    "fixed": FixedConfig,
    "uncertainty": UncertaintyConfig,
    "uncertainty-revised": lambda **values: UncertaintyConfig(form="revised", **values),
    "dwa": DWAConfig,
    "dwa-step": lambda **values: DWAConfig(every="step", **values),
    "dwa-every-2": lambda **values: DWAConfig(every=2, **values),
    "softadapt": lambda **values: SoftAdaptConfig(beta=5.0, **values),
    "softadapt-normalised": lambda **values: SoftAdaptConfig(variant="normalised", beta=2.0, every="step", **values),
    "softadapt-loss-weighted": lambda **values: SoftAdaptConfig(variant="loss-weighted", every="step", **values),
    "softadapt-both": lambda **values: SoftAdaptConfig(variant="normalised-loss-weighted", **values),
    "geometric": GeometricConfig,
    "random-normal": RandomConfig,
    "random-uniform": lambda **values: RandomConfig(distribution="uniform", every=2, **values),
    "random-bernoulli": lambda **values: RandomConfig(distribution="bernoulli", **values),
    "random-constrained": lambda **values: RandomConfig(distribution="constrained-bernoulli", **values),
    "normalised-dynamic": lambda **values: NormalisedDynamicConfig(every="step", **values),
    "normalised-dynamic-multiplies": lambda **values: NormalisedDynamicConfig(total="multiplies", **values),
}
"""Every balancer, in every form that it has."""

NAMES = ("mask", "class", "box")
ROWS = 8


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


class Trainer:
    """Takes plain gradient steps on a problem with a balancer."""

    def __init__(self, balancer: Balancer, names: Sequence[str] = NAMES) -> None:
        self.balancer, self.problem = balancer, Problem(names)
        self.optimizer = torch.optim.SGD([*self.problem.parameters(), *balancer.parameters()], lr=0.02, momentum=0.5)

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


def build(case: str, names: Sequence[str] = NAMES, **settings: Any) -> Balancer:
    """A balancer whose first task is the target."""
    return CASES[case](**settings).build(list(names), names[0], 7)
