"""Cosines and norms where they can be worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import pytest
import torch
from torch import Tensor, nn

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
