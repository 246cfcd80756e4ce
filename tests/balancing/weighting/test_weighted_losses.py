"""One update from the weighted sum: who takes part, what the weighting is told, and how gradients are put together."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import final

import pytest
import torch
from torch import Tensor, nn

from auxseg.balancing import Step, WeightedLosses
from auxseg.balancing.weighting.weighting import Weighting
from tests.balancing.problem import nothing


@final
class _Noting(Weighting):
    """Gives weights by name, and notes all that it is told."""

    def __init__(self, weights: Mapping[str, float], *, uses_losses: bool = False) -> None:
        super().__init__()
        self.weights, self.uses_losses = dict(weights), uses_losses
        self.weighed: list[tuple[int, dict[str, float]]] = []
        self.observed: list[tuple[dict[str, float], list[str]]] = []
        self.epochs: list[int] = []

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        self.weighed.append((step, dict(losses)))
        return self.weights

    def observe(self, losses: Mapping[str, float], summed: Collection[str]) -> None:
        self.observed.append((dict(losses), list(summed)))

    def begin_epoch(self, epoch: int) -> None:
        self.epochs.append(epoch)


SCALES = {"a": 1.0, "b": 0.5, "c": 2.0}
WEIGHTS = {"a": 1.0, "b": 3.0, "c": 10.0}


def _balancer(gate: Mapping[str, float] | None = None, *, uses_losses: bool = False) -> tuple[WeightedLosses, _Noting]:
    weighting = _Noting(WEIGHTS, uses_losses=uses_losses)
    return WeightedLosses(weighting, SCALES, gate or {}), weighting


def _step(
    balancer: WeightedLosses,
    losses: Mapping[str, float],
    labelled: str = "abc",
    num_parts: int = 1,
) -> tuple[dict[str, float], float | None]:
    """The weights of a step in which the gradient of each loss is the loss itself, and the gradient."""
    parameter = nn.Parameter(torch.ones((), dtype=torch.float64))
    balancer.begin_step(Step(7, num_parts, frozenset(labelled), [parameter]))
    for _ in range(num_parts):
        balancer.backward({name: parameter * loss / num_parts for name, loss in losses.items()})
    weights = balancer.finish({name: loss for name, loss in losses.items() if name in labelled}, nothing)
    return weights, None if parameter.grad is None else parameter.grad.item()


LOSSES = {"a": 2.0, "b": 3.0, "c": 5.0}


@pytest.mark.parametrize("uses_losses", [False, True])
@pytest.mark.parametrize("num_parts", [1, 3])
def test_scales_and_weights_multiply(uses_losses: bool, num_parts: int) -> None:
    balancer, _ = _balancer(uses_losses=uses_losses)
    weights, gradient = _step(balancer, LOSSES, num_parts=num_parts)
    assert weights == {"a": 1.0, "b": 1.5, "c": 20.0}
    assert gradient == pytest.approx(2.0 + 1.5 * 3.0 + 20.0 * 5.0)


def test_a_weighting_sees_losses_with_their_scale_and_the_number_of_the_step() -> None:
    balancer, weighting = _balancer(uses_losses=True)
    _step(balancer, LOSSES)
    assert weighting.weighed == [(7, {"a": 2.0, "b": 1.5, "c": 10.0})] * 2  # before the backward pass and at the end
    assert weighting.observed == [({"a": 2.0, "b": 1.5, "c": 10.0}, ["a", "b", "c"])]


def test_one_that_does_not_look_is_not_shown_the_losses_before_the_backward_pass() -> None:
    balancer, weighting = _balancer()
    _step(balancer, LOSSES, num_parts=2)
    first, second, last = weighting.weighed
    assert all(math.isnan(loss) for _, losses in (first, second) for loss in losses.values())
    assert last == (7, {"a": 2.0, "b": 1.5, "c": 10.0})


@pytest.mark.parametrize(("loss", "is_in"), [(2.9999, False), (3.0, True), (3.0001, True), (math.nan, True)])
def test_a_gate_is_open_from_its_threshold_on_whatever_the_scale(loss: float, is_in: bool) -> None:
    balancer, weighting = _balancer({"b": 3.0})
    weights, gradient = _step(balancer, {**LOSSES, "b": loss})
    assert weights["b"] == (1.5 if is_in else 0.0)
    assert weighting.observed[0][1] == (["a", "b", "c"] if is_in else ["a", "c"])
    assert weighting.observed[0][0]["b"] == pytest.approx(0.5 * loss, nan_ok=True)  # watched behind its gate too
    if not math.isnan(loss):
        assert gradient == pytest.approx(2.0 + 20.0 * 5.0 + (1.5 * loss if is_in else 0.0))


def test_a_gate_judges_the_whole_step_and_not_its_parts() -> None:
    """Parts of 1.5 and 1.5 are below the threshold each, and together they are not."""
    balancer, _ = _balancer({"b": 2.0})
    weights, gradient = _step(balancer, LOSSES, num_parts=2)
    assert weights["b"] == 1.5
    assert gradient == pytest.approx(2.0 + 1.5 * 3.0 + 20.0 * 5.0)


@pytest.mark.parametrize("num_parts", [1, 2])
def test_a_task_without_a_label_is_told_to_nobody(num_parts: int) -> None:
    balancer, weighting = _balancer(uses_losses=True)
    weights, gradient = _step(balancer, {**LOSSES, "b": 0.0}, labelled="ac", num_parts=num_parts)
    assert weights == {"a": 1.0, "c": 20.0}
    assert gradient == pytest.approx(2.0 + 20.0 * 5.0)
    assert "b" not in weighting.observed[0][0]
    assert all("b" not in losses for _, losses in weighting.weighed)


def test_a_scale_of_zero_is_weight_zero_and_told_to_nobody() -> None:
    weighting = _Noting(WEIGHTS)
    weights, gradient = _step(WeightedLosses(weighting, {**SCALES, "b": 0.0}, {}), LOSSES)
    assert weights == {"a": 1.0, "b": 0.0, "c": 20.0}
    assert gradient == pytest.approx(102.0)
    assert list(weighting.observed[0][0]) == ["a", "c"]


@pytest.mark.parametrize("num_parts", [1, 2])
def test_a_step_in_which_all_are_behind_their_gates_moves_nothing(num_parts: int) -> None:
    balancer, weighting = _balancer(dict.fromkeys("abc", 100.0))
    assert _step(balancer, LOSSES, num_parts=num_parts) == ({"a": 0.0, "b": 0.0, "c": 0.0}, None)
    assert weighting.weighed == []  # there was nothing to weigh
    assert weighting.observed == [({"a": 2.0, "b": 1.5, "c": 10.0}, [])]


def test_a_weight_of_zero_leaves_the_tasks_own_parameters_without_gradient() -> None:
    for num_parts in (1, 2):
        weighting = _Noting({"a": 1.0, "b": 0.0}, uses_losses=True)
        balancer = WeightedLosses(weighting, {"a": 1.0, "b": 1.0}, {})
        shared, own = nn.Parameter(torch.ones(())), nn.Parameter(torch.ones(()))
        balancer.begin_step(Step(0, num_parts, frozenset("ab"), [shared, own]))
        for _ in range(num_parts):
            balancer.backward({"a": 2 * shared, "b": shared * own})
        balancer.finish({"a": 2.0, "b": 1.0}, nothing)
        assert own.grad is None
        assert shared.grad is not None
        assert shared.grad.item() == 2 * num_parts


def test_gradients_that_are_kept_apart_are_those_of_each_tasks_own_parameters() -> None:
    balancer, _ = _balancer(uses_losses=True)
    shared, of_a, of_c, of_nobody = (nn.Parameter(torch.tensor(value)) for value in (1.0, 2.0, 3.0, 4.0))
    balancer.begin_step(Step(0, 2, frozenset("ac"), [shared, of_a, of_c, of_nobody]))
    for factor in (1.0, 2.0):
        balancer.backward({"a": factor * shared * of_a, "c": factor * shared * of_c})
    balancer.finish({"a": 6.0, "c": 9.0}, nothing)
    gradients = [parameter.grad for parameter in (shared, of_a, of_c, of_nobody)]
    assert gradients == [3 * (1.0 * 2.0 + 20.0 * 3.0), 3 * 1.0, 3 * 20.0, None]


def test_a_label_in_one_part_alone_is_enough() -> None:
    """The share of a part without it does not depend on the parameters at all."""
    balancer, _ = _balancer(uses_losses=True)
    parameter = nn.Parameter(torch.ones(()))
    balancer.begin_step(Step(0, 2, frozenset("ab"), [parameter]))
    balancer.backward({"a": parameter * 1.0, "b": parameter * 0.0})
    balancer.backward({"a": parameter * 1.0, "b": parameter * 3.0})
    balancer.finish({"a": 2.0, "b": 3.0}, nothing)
    assert parameter.grad is not None
    assert parameter.grad.item() == pytest.approx(2.0 + 1.5 * 3.0)


@pytest.mark.parametrize("uses_losses", [False, True])
def test_gradients_are_added_up_over_processes_once_and_only_where_there_are_any(uses_losses: bool) -> None:
    balancer, _ = _balancer(uses_losses=uses_losses)
    parameter, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    balancer.begin_step(Step(0, 2, frozenset("a"), [parameter, unused]))
    balancer.backward({"a": parameter.sum()})
    told: list[int] = []

    def double(tensors: Sequence[Tensor]) -> None:
        told.append(len(tensors))
        for tensor in tensors:
            tensor.mul_(2)

    balancer.finish({"a": 4.0}, double)
    torch.testing.assert_close(parameter.grad, torch.full((2,), 2.0))
    assert unused.grad is None
    assert told == [1]


def test_micro_batches_add_up() -> None:
    whole, parts = (nn.Parameter(torch.ones(4)) for _ in range(2))
    data = torch.arange(8.0).view(2, 4)
    for parameter, rows in ((whole, [data]), (parts, list(data))):
        balancer, _ = _balancer()
        balancer.begin_step(Step(0, len(rows), frozenset("a"), [parameter]))
        for row in rows:
            balancer.backward({"a": (parameter * row).sum()})
    torch.testing.assert_close(whole.grad, parts.grad)


def test_a_step_starts_with_no_gradients_of_the_one_before() -> None:
    """That one may have ended before it was finished, by a loss that was not finite say."""
    balancer, _ = _balancer(uses_losses=True)
    parameter = nn.Parameter(torch.ones(()))
    balancer.begin_step(Step(0, 2, frozenset("a"), [parameter]))
    balancer.backward({"a": parameter * 1000.0})
    assert _step(balancer, LOSSES, num_parts=2)[1] == pytest.approx(106.5)


def test_epochs_are_passed_on() -> None:
    balancer, weighting = _balancer()
    balancer.begin_epoch(0)
    balancer.begin_epoch(1)
    assert weighting.epochs == [0, 1]


@pytest.mark.parametrize("uses_losses", [False, True])
@pytest.mark.parametrize("num_parts", [1, 2])
def test_a_loss_of_what_stands_still_is_weighed_and_gives_no_gradient(uses_losses: bool, num_parts: int) -> None:
    balancer, weighting = _balancer(uses_losses=uses_losses)
    parameter = nn.Parameter(torch.ones((), dtype=torch.float64))
    balancer.begin_step(Step(7, num_parts, frozenset("ab"), [parameter]))
    for _ in range(num_parts):
        balancer.backward({"a": torch.tensor(2.0), "b": 3.0 / num_parts * parameter})
    assert balancer.finish({"a": 2.0, "b": 3.0}, nothing) == {"a": 1.0, "b": 1.5}
    assert parameter.grad is not None
    assert parameter.grad.item() == pytest.approx(1.5 * 3.0)
    assert all(losses.keys() == {"a", "b"} for _, losses in weighting.weighed)


def test_a_step_of_nothing_that_learns_leaves_no_gradient() -> None:
    balancer, _ = _balancer()
    parameter = nn.Parameter(torch.ones(()))
    balancer.begin_step(Step(0, 1, frozenset("a"), [parameter]))
    balancer.backward({"a": torch.tensor(2.0)})
    balancer.finish({"a": 2.0}, nothing)
    assert parameter.grad is None
