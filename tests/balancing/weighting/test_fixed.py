"""Fixed weights: the gradient is the weighted sum's."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from auxseg.balancing import FixedConfig, Step, WeightedLosses
from tests.balancing.problem import nothing


def _losses(parameter: nn.Parameter) -> dict[str, torch.Tensor]:
    return {"a": (parameter**2).sum(), "b": parameter.sum(), "c": parameter.exp().sum()}


def _begun(
    tasks: str, parameters: list[nn.Parameter], weights: dict[str, float] | None = None, num_parts: int = 1
) -> WeightedLosses:
    balancer = FixedConfig(weights=weights or {}).build(list(tasks), tasks[0], 0)
    balancer.begin_step(Step(0, num_parts, frozenset(tasks), parameters))
    return balancer


@given(st.lists(st.floats(0, 10), min_size=3, max_size=3).filter(any))
def test_gradient_is_that_of_the_weighted_sum(weights: list[float]) -> None:
    named = dict(zip("abc", weights, strict=True))
    parameter, reference = (nn.Parameter(torch.linspace(-1, 1, 5)) for _ in range(2))
    balancer = _begun("abc", [parameter], named)
    losses = _losses(parameter)
    balancer.backward(losses)
    assert balancer.finish({name: loss.item() for name, loss in losses.items()}, nothing) == named
    torch.stack([named[name] * loss for name, loss in _losses(reference).items()]).sum().backward()
    torch.testing.assert_close(parameter.grad, reference.grad)


def test_weight_zero_leaves_no_trace() -> None:
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    _begun("ab", [used, unused], {"b": 0.0}).backward({"a": used.sum(), "b": (used * unused).sum()})
    assert unused.grad is None
    torch.testing.assert_close(used.grad, torch.ones(2))


def test_unnamed_tasks_weigh_one() -> None:
    assert FixedConfig(weights={"a": 0.5}).build(["a", "b"], "a", 0).scales == {"a": 0.5, "b": 1.0}
