"""Fixed weights: the gradient is the weighted sum's."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from auxseg.balancing import FixedConfig


def _losses(parameter: nn.Parameter) -> dict[str, torch.Tensor]:
    return {"a": (parameter**2).sum(), "b": parameter.sum(), "c": parameter.exp().sum()}


def _nothing(tensors: object) -> None:
    """Stands for the sum over one process."""


@given(st.lists(st.floats(0, 10), min_size=3, max_size=3).filter(any))
def test_gradient_is_that_of_the_weighted_sum(weights: list[float]) -> None:
    named = dict(zip("abc", weights, strict=True))
    parameter, reference = (nn.Parameter(torch.linspace(-1, 1, 5)) for _ in range(2))
    balancer = FixedConfig(weights=named).build(list("abc"))
    losses = _losses(parameter)
    balancer.backward(losses)
    assert balancer.finish(losses, [parameter], _nothing) == named
    torch.stack([named[name] * loss for name, loss in _losses(reference).items()]).sum().backward()
    torch.testing.assert_close(parameter.grad, reference.grad)


def test_micro_batches_add_up() -> None:
    whole, parts = (nn.Parameter(torch.ones(4)) for _ in range(2))
    balancer = FixedConfig().build(["a"])
    data = torch.arange(8.0).view(2, 4)
    balancer.backward({"a": (whole * data).sum()})
    for part in data:
        balancer.backward({"a": (parts * part).sum()})
    torch.testing.assert_close(whole.grad, parts.grad)


def test_weight_zero_leaves_no_trace() -> None:
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    balancer = FixedConfig(weights={"b": 0.0}).build(["a", "b"])
    balancer.backward({"a": used.sum(), "b": (used * unused).sum()})
    assert unused.grad is None
    torch.testing.assert_close(used.grad, torch.ones(2))


def test_unnamed_tasks_weigh_one() -> None:
    assert FixedConfig(weights={"a": 0.5}).build(["a", "b"]).weights == {"a": 0.5, "b": 1.0}
