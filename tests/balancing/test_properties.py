"""What holds for every balancer."""

from __future__ import annotations

import math
import typing

import pytest
import torch
from torch import Tensor

from auxseg.balancing import BalancerConfig
from auxseg.testing import check_balancer
from auxseg.testing.balancer import BalancerCase, what_is_saved_goes_on_identically
from tests.balancing.problem import CASES, COMBINING, NAMES, WEIGHTINGS, Trainer, build

every_balancer = pytest.mark.parametrize("case", CASES)
every_weighting = pytest.mark.parametrize("case", WEIGHTINGS)
STEPS = 8
FEWEST = [kind for kind, settings in COMBINING.items() if settings.fewest_tasks > 2]
"""Rules for three tasks or more, which two do not satisfy."""


def _assert_close(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], rtol=1e-5, atol=1e-6)


def _assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_every_kind_is_among_the_cases() -> None:
    """A balancer that is no case would be tested by no property."""
    tagged = typing.get_args(typing.get_args(BalancerConfig)[0])
    assert {type(make()) for make in CASES.values()} == {typing.get_args(kind)[0] for kind in tagged}


@every_balancer
def test_every_balancer_keeps_the_contract(case: str) -> None:
    check_balancer(CASES[case]())


@every_balancer
def test_what_is_saved_at_the_end_of_an_epoch_goes_on_identically(case: str) -> None:
    what_is_saved_goes_on_identically(BalancerCase(CASES[case]()), stop=3)


@pytest.mark.parametrize("case", [case for case in CASES if case != "sdmgrad"])  # its long steps enlarge rounding
def test_parts_of_a_step_change_nothing_behind_a_gate(case: str) -> None:
    whole, parts = (Trainer(build(case, gate={"box": 4.0})) for _ in range(2))
    for step in range(STEPS):
        (_, one), (_, other) = whole.step(step), parts.step(step, num_parts=4)
        assert other == pytest.approx(one, rel=1e-4)
    _assert_close(whole.weights(), parts.weights())


@pytest.mark.parametrize("case", [case for case in CASES if case not in ("equal", *FEWEST)])
def test_weight_zero_is_no_task(case: str) -> None:
    beside, alone = Trainer(build(case, weights={"box": 0.0})), Trainer(build(case, NAMES[:2]), NAMES[:2])
    start = beside.weights()["heads.box"]
    for step in range(STEPS):
        losses, weights = beside.step(step)
        expected_losses, expected = alone.step(step)
        assert weights.pop("box") == 0
        assert weights == expected
        assert {name: losses[name] for name in NAMES[:2]} == expected_losses
    assert torch.equal(start, beside.weights().pop("heads.box"))
    _assert_same({name: value for name, value in beside.weights().items() if name != "heads.box"}, alone.weights())


@every_balancer
@pytest.mark.parametrize("num_parts", [1, 2])
def test_losses_in_bfloat16(case: str, num_parts: int) -> None:
    trainer = Trainer(build(case, gate={"box": 0.5}))
    for step in range(STEPS):
        _, weights = trainer.step(step, num_parts, dtype=torch.bfloat16)
        assert all(math.isfinite(weight) for weight in weights.values())
    assert all(value.isfinite().all() for value in trainer.weights().values())


@every_balancer
@pytest.mark.parametrize("num_parts", [1, 2])
def test_a_gate_leaves_an_auxiliary_out_while_its_loss_is_small(case: str, num_parts: int) -> None:
    trainer = Trainer(build(case, gate={"box": 5.0}))
    seen = set()
    for step in range(15):
        before = trainer.weights()["heads.box"]
        velocity = trainer.optimizer.state.get(trainer.problem.heads["box"])
        losses, weights = trainer.step(step, num_parts)
        is_out = losses["box"] < 5.0
        seen.add(is_out)
        if is_out:
            assert weights["box"] == 0
            assert torch.equal(before, trainer.weights()["heads.box"])
            assert velocity is trainer.optimizer.state.get(trainer.problem.heads["box"])
        elif case in WEIGHTINGS and not case.startswith("random"):
            assert weights["box"] > 0
    assert seen == {False, True}


@every_weighting
@pytest.mark.parametrize("num_parts", [1, 2])
def test_gradients_are_those_of_the_weighted_sum(case: str, num_parts: int) -> None:
    trainer = Trainer(build(case, gate={"box": 5.0}))
    parameters = dict(trainer.problem.named_parameters())
    for step in range(STEPS):
        losses = trainer.problem.losses(step, slice(None))
        by_task = {
            task: torch.autograd.grad(loss, list(parameters.values()), retain_graph=True, materialize_grads=True)
            for task, loss in losses.items()
        }
        _, weights = trainer.step(step, num_parts)
        for place, name in enumerate(parameters):
            expected = torch.stack([weights[task] * gradients[place] for task, gradients in by_task.items()]).sum(0)
            torch.testing.assert_close(trainer.gradients[name], expected, rtol=1e-4, atol=1e-5)
