"""Uncertainty weighting: its objective, and that its parameters are trained."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torchjd.scalarization import UW

from auxseg.balancing import Step, UncertaintyConfig
from auxseg.balancing.weighting.uncertainty import Form, UncertaintyWeighting
from auxseg.training.optimizer import AdamWConfig, parameter_groups
from tests.balancing.problem import NAMES, ROWS, Problem, Trainer, build, nothing


def test_training_is_that_of_an_independent_implementation() -> None:
    trainer = Trainer(build("uncertainty"))
    problem, reference = Problem(), UW(len(NAMES))
    optimizer = torch.optim.SGD([*problem.parameters(), *reference.parameters()], lr=0.02, momentum=0.5)
    for step in range(10):
        trainer.step(step, num_parts=2)
        optimizer.zero_grad()
        reference(torch.stack(list(problem.losses(step, slice(ROWS)).values()))).backward()
        optimizer.step()
    weighting = trainer.balancer.get_submodule("weighting")
    assert isinstance(weighting, UncertaintyWeighting)
    torch.testing.assert_close(torch.stack([weighting.log_variance(name) for name in NAMES]), reference.log_var)
    for name, value in problem.named_parameters():
        torch.testing.assert_close(trainer.weights()[name], value.detach())


@pytest.mark.parametrize(
    ("form", "optimum"),
    # The minimum of exp(-s) L / 2 + r(s): s = ln L, and for the revised form the root of exp(2s) = L (1 + exp(s)) / 2.
    [("kendall", 3.0), ("revised", (3 / 2 + math.sqrt((3 / 2) ** 2 + 4 * 3 / 2)) / 2)],
)
def test_log_variances_find_the_optimum_for_a_constant_loss(form: Form, optimum: float) -> None:
    balancer = UncertaintyConfig(form=form).build(["a"], "a", 0)
    optimizer = torch.optim.SGD(balancer.parameters(), lr=0.5)
    parameter, weights = nn.Parameter(torch.ones(())), {}
    for number in range(200):
        balancer.begin_step(Step(number, 1, frozenset("a"), [parameter]))
        balancer.backward({"a": 3 * parameter})
        weights = balancer.finish({"a": 3.0}, nothing)
        optimizer.step()
        optimizer.zero_grad()
    assert weights["a"] == pytest.approx(1 / (2 * optimum), rel=1e-4)


def test_fault_06_uncertainty_parameters_are_trained() -> None:
    trainer = Trainer(build("uncertainty"))
    before = [value.item() for value in trainer.balancer.parameters()]
    assert len(before) == len(NAMES)
    for step in range(3):
        trainer.step(step)
    assert all(value.item() != old for value, old in zip(trainer.balancer.parameters(), before, strict=True))


def test_log_variances_are_in_the_optimiser_and_not_decayed() -> None:
    balancer = build("uncertainty")
    groups = parameter_groups((nn.Linear(2, 2), balancer), [], AdamWConfig())
    decay = {id(parameter): group["weight_decay"] for group in groups for parameter in group["params"]}
    assert [decay[id(parameter)] for parameter in balancer.parameters()] == [0.0] * len(NAMES)


def test_a_task_without_label_keeps_its_log_variance() -> None:
    trainer = Trainer(build("uncertainty"))
    trainer.step(0)
    before = [value.item() for value in trainer.balancer.parameters()]
    trainer.step(1, labelled=("mask", "class"))
    after = [value.item() for value in trainer.balancer.parameters()]
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, False, True]


@pytest.mark.parametrize("num_parts", [1, 2])
def test_a_task_behind_its_gate_keeps_its_log_variance(num_parts: int) -> None:
    balancer = UncertaintyConfig(gate={"b": 1.0}).build(["a", "b"], "a", 0)
    optimizer = torch.optim.SGD(balancer.parameters(), lr=0.5)
    parameter = nn.Parameter(torch.ones(()))

    def step(number: int, loss: float) -> dict[str, float]:
        balancer.begin_step(Step(number, num_parts, frozenset("ab"), [parameter]))
        for _ in range(num_parts):
            balancer.backward({"a": 3 * parameter / num_parts, "b": loss * parameter / num_parts})
        weights = balancer.finish({"a": 3.0, "b": loss}, nothing)
        optimizer.step()
        optimizer.zero_grad()
        return weights

    for number in range(100):
        assert step(number, 0.01)["b"] == 0
    weighting = balancer.get_submodule("weighting")
    assert isinstance(weighting, UncertaintyWeighting)
    assert weighting.log_variance("b").item() == 0
    assert weighting.log_variance("a").item() == pytest.approx(math.log(3), rel=1e-4)
    assert step(100, 2.0)["b"] == 0.5
    assert weighting.log_variance("b").item() > 0
