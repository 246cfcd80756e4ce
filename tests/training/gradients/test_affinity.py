"""Affinities where they can be worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from auxseg.training.gradients.affinity import DECREASE, LONGEST, affinities
from auxseg.training.gradients.conflict import gradients_by_task


def _alone(tensors: Sequence[Tensor]) -> None:
    """One process has nothing to add."""


def _affinity(
    weights: nn.Parameter, target: Callable[[Tensor], Tensor], auxiliary: Callable[[Tensor], Tensor]
) -> float:
    losses = {"mask": target(weights), "box": auxiliary(weights)}
    gradients = gradients_by_task(losses, [weights], _alone)
    values = {task: float(loss.detach()) for task, loss in losses.items()}
    before = weights.detach().clone()
    found = affinities(values, gradients, "mask", [weights], lambda: float(target(weights)))
    assert torch.equal(weights, before)
    assert list(found) == ["box"]
    return found["box"]


def _half_square(weights: Tensor) -> Tensor:
    return weights.square().sum() / 2


def test_affinity_of_the_same_loss_by_hand() -> None:
    # The gradient is s and the loss |s|^2 / 2, so the rate is DECREASE / 2: s shrinks by it, the loss by its square.
    found = _affinity(nn.Parameter(torch.randn(6)), _half_square, _half_square)
    assert found == pytest.approx(1 - (1 - DECREASE / 2) ** 2, rel=1e-3)
    assert found == pytest.approx(DECREASE, rel=0.01)


def test_affinity_is_tags_formula_at_that_rate() -> None:
    mask, box, start = torch.randn(6), torch.randn(6), torch.randn(6) + 3

    def target(s: Tensor) -> Tensor:
        return (s - mask).pow(4).sum()

    def auxiliary(s: Tensor) -> Tensor:
        return (s - box).square().sum()

    gradient = 2 * (start - box)
    rate = DECREASE * float(auxiliary(start)) / float(gradient.square().sum())
    expected = 1 - float(target(start - rate * gradient)) / float(target(start))
    assert _affinity(nn.Parameter(start), target, auxiliary) == pytest.approx(expected, rel=1e-3)


def test_affinity_is_positive_for_what_helps_and_negative_for_what_harms() -> None:
    def toward(goal: float) -> Callable[[Tensor], Tensor]:
        return lambda s: (s - goal).square().sum()

    weights = nn.Parameter(torch.ones(4))
    assert _affinity(weights, toward(3.0), toward(2.0)) > 0
    assert _affinity(weights, toward(3.0), toward(-2.0)) < 0


def test_affinity_does_not_depend_on_the_unit_of_the_loss() -> None:
    weights = nn.Parameter(torch.randn(4) + 2)
    one = _affinity(weights, _half_square, lambda s: s.exp().sum())
    assert _affinity(weights, _half_square, lambda s: 1000 * s.exp().sum()) == pytest.approx(one, rel=1e-3)


def test_a_loss_that_hardly_changes_moves_the_weights_no_further_than_stated() -> None:
    weights, seen = nn.Parameter(torch.full((4,), 2.0)), []
    losses = {"mask": _half_square(weights), "box": 5 + 1e-6 * weights.sum()}
    gradients = gradients_by_task(losses, [weights], _alone)
    before = weights.detach().clone()

    def note() -> float:
        seen.append(float((weights - before).norm() / before.norm()))
        return 1.0

    affinities({"mask": 8.0, "box": 5.0}, gradients, "mask", [weights], note)
    assert seen == [pytest.approx(LONGEST, rel=1e-3)]


def test_without_gradient_there_is_no_affinity() -> None:
    weights = nn.Parameter(torch.ones(3))
    assert math.isnan(_affinity(weights, _half_square, lambda s: 0 * s.sum() + 2))


def test_the_weights_are_put_back_even_if_the_loss_fails() -> None:
    weights = nn.Parameter(torch.randn(3))
    before = weights.detach().clone()

    def fail() -> float:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        affinities({"mask": 1.0, "box": 1.0}, {"box": [torch.ones(3)]}, "mask", [weights], fail)
    assert torch.equal(weights, before)


def test_a_target_whose_loss_is_zero_has_no_affinities() -> None:
    weights = nn.Parameter(torch.ones(3))

    def computed() -> float:
        raise AssertionError("there is nothing to divide by")

    found = affinities({"mask": 0.0, "box": 1.0}, {"box": [torch.ones(3)]}, "mask", [weights], computed)
    assert math.isnan(found["box"])


def test_weights_that_are_all_zero_cannot_be_moved_by_a_share_of_their_size() -> None:
    weights = nn.Parameter(torch.zeros(3))
    found = affinities({"mask": 1.0, "box": 1.0}, {"box": [torch.ones(3)]}, "mask", [weights], lambda: 1.0)
    assert math.isnan(found["box"])


def test_every_auxiliary_starts_from_the_same_weights() -> None:
    weights = [nn.Parameter(torch.randn(3) + 3), nn.Parameter(torch.randn(2) + 3)]

    def target() -> float:
        return float(torch.cat([part.detach() for part in weights]).square().sum())

    gradients = {name: [torch.randn(3), torch.randn(2)] for name in ("mask", "box", "edges")}
    losses = {"mask": target(), "box": 1.0, "edges": 2.0}
    together = affinities(losses, gradients, "mask", weights, target)
    alone = {
        name: affinities(losses, {name: gradients[name]}, "mask", weights, target)[name] for name in ("edges", "box")
    }
    assert list(together) == ["box", "edges"]
    assert together == alone


def test_the_step_goes_downhill_by_all_parameters_together() -> None:
    """The rate is one number: DECREASE of the loss over the whole gradient's square."""
    weights = [nn.Parameter(torch.full((2,), 10.0)), nn.Parameter(torch.full((1,), 20.0))]
    gradient = [torch.tensor([1.0, 2.0]), torch.tensor([-2.0])]
    seen: list[list[float]] = []

    def note() -> float:
        seen.append([value for part in weights for value in part.tolist()])
        return 3.0

    found = affinities({"mask": 4.0, "box": 9.0}, {"box": gradient}, "mask", weights, note)
    rate = DECREASE * 9.0 / 9.0
    assert seen == [pytest.approx([10 - rate, 10 - 2 * rate, 20 + 2 * rate])]
    assert found == {"box": pytest.approx(1 - 3.0 / 4.0)}


def test_a_loss_below_zero_is_lowered_too() -> None:
    weights = nn.Parameter(torch.full((4,), 10.0))
    seen: list[float] = []

    def note() -> float:
        seen.append(float(weights.detach()[0]))
        return 1.0

    affinities({"mask": 1.0, "box": -4.0}, {"box": [torch.ones(4)]}, "mask", [weights], note)
    assert seen == [pytest.approx(10 - DECREASE * 4.0 / 4.0)]
