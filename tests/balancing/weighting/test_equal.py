"""Equal weights: the plain sum, which takes no weights and may have a gate."""

from __future__ import annotations

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import nn
from torchjd.scalarization import Sum

from auxseg.balancing import EqualConfig, Step
from tests.balancing.problem import NAMES, Problem, Trainer, build, nothing
from tests.balancing.weighting.weigh import weigh_after


def test_training_is_that_of_an_independent_implementation() -> None:
    trainer = Trainer(build("equal"))
    problem = Problem()
    optimizer = torch.optim.SGD(problem.parameters(), lr=0.02, momentum=0.5)
    for step in range(6):
        trainer.step(step)
        optimizer.zero_grad()
        Sum()(torch.stack(list(problem.losses(step, slice(None)).values()))).backward()
        optimizer.step()
    for name, value in problem.named_parameters():
        torch.testing.assert_close(trainer.weights()[name], value.detach())


def test_every_weight_is_one_whatever_the_losses_were() -> None:
    history = [{"a": 1.0, "b": 100.0}, {"a": 1e-9, "b": 1e9}]
    assert weigh_after(EqualConfig(), history) == {"a": 1.0, "b": 1.0}


def test_it_is_the_weighted_sum_of_weights_one() -> None:
    equal, fixed = Trainer(build("equal")), Trainer(build("fixed"))
    for step in range(3):
        assert equal.step(step, num_parts=2) == fixed.step(step, num_parts=2)
    assert all(torch.equal(value, fixed.weights()[name]) for name, value in equal.weights().items())


def test_it_has_nothing_to_train_and_nothing_to_remember() -> None:
    balancer = build("equal")
    assert list(balancer.parameters()) == []
    assert balancer.state_dict() == {}


def test_a_gate_is_all_that_can_be_set() -> None:
    read = TypeAdapter(EqualConfig).validate_python
    assert read({"kind": "equal", "gate": {"box": 0.5}}).gate == {"box": 0.5}
    with pytest.raises(ValidationError, match="weights"):
        read({"kind": "equal", "weights": {"box": 0.5}})


def test_a_loss_below_its_gate_is_left_out_and_the_others_keep_weight_one() -> None:
    balancer = EqualConfig(gate={"box": 0.5}).build(list(NAMES), NAMES[0], 0)
    parameter = nn.Parameter(torch.ones(()))
    balancer.begin_step(Step(0, 1, frozenset(NAMES), [parameter]))
    losses = {"mask": 2.0, "class": 0.1, "box": 0.4}
    balancer.backward({name: parameter * loss for name, loss in losses.items()})
    assert balancer.finish(losses, nothing) == {"mask": 1.0, "class": 1.0, "box": 0.0}
    assert parameter.grad is not None
    assert parameter.grad.item() == pytest.approx(2.1)
