"""The geometric loss: the gradient of the geometric mean, of the tasks that take part."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torchjd.scalarization import GeometricMean

from auxseg.balancing import GeometricConfig, Step
from tests.balancing.problem import NAMES, ROWS, Problem, Trainer, build, nothing
from tests.balancing.weighting.weigh import weigh_after


@pytest.mark.parametrize("num_parts", [1, 4])
def test_training_is_that_of_an_independent_implementation(num_parts: int) -> None:
    trainer = Trainer(build("geometric"))
    problem = Problem()
    optimizer = torch.optim.SGD(problem.parameters(), lr=0.02, momentum=0.5)
    for step in range(8):
        trainer.step(step, num_parts)
        optimizer.zero_grad()
        GeometricMean()(torch.stack(list(problem.losses(step, slice(ROWS)).values()))).backward()
        optimizer.step()
    for name, value in problem.named_parameters():
        torch.testing.assert_close(trainer.weights()[name], value.detach(), rtol=1e-4, atol=1e-5)


def test_weights_are_powers() -> None:
    losses = {"a": 2.0, "b": 5.0}
    mean = (2.0**3 * 5.0) ** (1 / 4)
    weights = weigh_after(GeometricConfig(weights={"a": 3.0}), [losses])
    assert weights == pytest.approx({"a": mean * 3 / (2 * 4), "b": mean / (5 * 4)})


@pytest.mark.parametrize("labelled", [NAMES[:2], NAMES])
def test_fault_19_a_disabled_or_unlabelled_task_does_not_make_the_loss_zero(labelled: tuple[str, ...]) -> None:
    off = {} if len(labelled) == 2 else {"box": 0.0}
    trainer = Trainer(build("geometric", weights=off))
    losses, weights = trainer.step(0, labelled=labelled)
    mean = (losses["mask"] * losses["class"]) ** 0.5
    assert weights["mask"] == pytest.approx(mean / (2 * losses["mask"]))
    assert weights["class"] == pytest.approx(mean / (2 * losses["class"]))


def test_a_loss_of_zero_gives_finite_weights() -> None:
    parameter = nn.Parameter(torch.ones(()))
    balancer = GeometricConfig().build(["a", "b"], "a", 0)
    balancer.begin_step(Step(0, 1, frozenset("ab"), [parameter]))
    balancer.backward({"a": parameter, "b": parameter * 0})
    balancer.finish({"a": 1.0, "b": 0.0}, nothing)
    assert parameter.grad is not None
    assert parameter.grad.isfinite()
