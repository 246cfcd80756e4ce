"""Cosines, norms and affinities where they can be worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import pytest
import torch
from torch import Tensor, nn

from auxseg.training.gradients.affinity import DECREASE, LONGEST, affinities
from auxseg.training.gradients.conflict import EVERYWHERE, gradients_by_task, norms_and_cosines

GROUPS = {"stage 1": 2, "stage 2": 1}
SIZES = ((3, 2), (2,), (4,))


def _alone(tensors: Sequence[Tensor]) -> None:
    """One process has nothing to add."""


def _parameters() -> list[nn.Parameter]:
    return [nn.Parameter(torch.randn(size) + 1) for size in SIZES]


def _first(parameters: Sequence[Tensor]) -> Tensor:
    return parameters[0].square().sum() + parameters[1].sum() + parameters[2].exp().sum()


AUXILIARIES: dict[str, tuple[Callable[[Sequence[Tensor]], Tensor], float]] = {
    "the same": (_first, 1.0),
    "the same in another unit": (lambda parameters: 100 * _first(parameters), 1.0),
    "the opposite": (lambda parameters: 10 - _first(parameters), -1.0),
}


def _look(losses: Mapping[str, Tensor], parameters: Sequence[nn.Parameter]) -> tuple[dict, dict]:
    return norms_and_cosines(gradients_by_task(losses, parameters, _alone), "mask", GROUPS)


@pytest.mark.parametrize(("auxiliary", "expected"), AUXILIARIES.values(), ids=AUXILIARIES)
def test_a_loss_against_itself_and_its_opposite(
    auxiliary: Callable[[Sequence[Tensor]], Tensor], expected: float
) -> None:
    parameters = _parameters()
    _, cosines = _look({"mask": _first(parameters), "box": auxiliary(parameters)}, parameters)
    assert cosines == {"box": pytest.approx(dict.fromkeys((EVERYWHERE, *GROUPS), expected), abs=1e-6)}


def test_losses_that_read_other_features_are_at_right_angles() -> None:
    weights = nn.Parameter(torch.randn(2, 5))  # two features
    features = torch.randn(8, 5) @ weights.T
    losses = {"mask": features[:, 0].square().mean(), "box": features[:, 1].square().mean()}
    norms, cosines = norms_and_cosines(gradients_by_task(losses, [weights], _alone), "mask", {"encoder": 1})
    assert cosines["box"] == {EVERYWHERE: 0.0, "encoder": 0.0}
    assert norms["mask"]["encoder"] > 0
    assert norms["box"]["encoder"] > 0


def test_norms_and_cosines_are_those_of_the_joined_gradients() -> None:
    parameters = _parameters()
    draws = [[torch.randn(size) for size in SIZES] for _ in range(2)]
    losses = {
        task: torch.stack([(p * draw).sum() for p, draw in zip(parameters, drawn, strict=True)]).sum()
        for task, drawn in zip(("mask", "box"), draws, strict=True)
    }  # linear, so that what was drawn is the gradient
    norms, cosines = _look(losses, parameters)
    places = {EVERYWHERE: slice(0, 3), "stage 1": slice(0, 2), "stage 2": slice(2, 3)}
    for group, place in places.items():
        mask, box = (torch.cat([tensor.flatten() for tensor in drawn[place]]) for drawn in draws)
        assert norms["mask"][group] == pytest.approx(float(mask.norm()), rel=1e-5)
        assert norms["box"][group] == pytest.approx(float(box.norm()), rel=1e-5)
        assert cosines["box"][group] == pytest.approx(float(torch.cosine_similarity(mask, box, 0)), abs=1e-6)


def test_what_a_loss_does_not_reach_has_norm_zero_and_no_cosine() -> None:
    parameters = _parameters()
    norms, cosines = _look({"mask": _first(parameters), "box": parameters[2].sum()}, parameters)
    assert norms["box"]["stage 1"] == 0
    assert math.isnan(cosines["box"]["stage 1"])
    assert cosines["box"]["stage 2"] > 0
    norms, cosines = _look({"mask": _first(parameters), "box": torch.ones(())}, parameters)
    assert norms["box"][EVERYWHERE] == 0
    assert math.isnan(cosines["box"][EVERYWHERE])


def test_looking_leaves_no_gradient() -> None:
    parameters = _parameters()
    _look({"mask": _first(parameters), "box": parameters[2].sum()}, parameters)
    assert all(parameter.grad is None for parameter in parameters)


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
