"""Auto-lambda: its weights follow the slope of the target's loss after the step, on the batch that comes next."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from auxseg.balancing import Step
from auxseg.errors import InputError
from tests.balancing.combining.apply import apply, balancer
from tests.balancing.problem import nothing

RATE = 0.1


def _rows(*rows: tuple[float, ...]) -> Tensor:
    return torch.tensor(rows)


def test_on_quadratics_the_helpful_task_stays_and_the_harmful_one_is_left_out() -> None:
    """The target and ``b`` pull to the same point, ``c`` to the opposite one: their sum would end between them."""
    built, point, wanted = balancer("auto-lambda", 3, step_size=0.05), torch.zeros(3), torch.tensor([1.0, 2.0, -1.0])
    weights: dict[str, float] = {}
    for step in range(200):
        matrix = torch.stack([point - wanted, 0.5 * (point - wanted), 2 * (point + wanted)])
        direction, weights = apply(built, matrix, step=step)
        point = point - RATE * direction
    assert weights["a"] == 1
    assert weights["b"] == pytest.approx(1, abs=0.05)
    assert weights["c"] == 0
    torch.testing.assert_close(point, wanted, rtol=1e-3, atol=1e-3)


def test_a_task_of_no_use_loses_against_the_target() -> None:
    """Orthogonal to the target, it keeps its lambda while the target's grows."""
    built = balancer("auto-lambda", 2, step_size=0.1)
    weights: dict[str, float] = {}
    for step in range(11):
        _, weights = apply(built, torch.eye(2), step=step)
    assert weights == pytest.approx({"a": 1.0, "b": 1 / (1 + 10 * 0.1)}, rel=1e-4)


def test_weights_are_those_of_the_slope_through_the_step() -> None:
    """Autograd differentiates the target's loss on the next batch through the step; torch's Adam follows the slope."""
    generator = torch.Generator().manual_seed(2)
    batches = torch.randn(8, 3, 6, generator=generator, dtype=torch.float64)  # step, task, minimum of a quadratic
    curvature = torch.rand(3, 6, generator=generator, dtype=torch.float64) + 0.5

    def losses(point: Tensor, batch: Tensor) -> Tensor:
        return (curvature * (point - batch) ** 2).sum(1)

    built, point = balancer("auto-lambda", 3, step_size=0.05), torch.zeros(6, dtype=torch.float64)
    lambdas = torch.ones(3, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([lambdas], lr=0.05, eps=1e-6, maximize=True)
    for step, (batch, following) in enumerate(pairwise(batches)):
        matrix = 2 * curvature * (point - batch)
        direction, weights = apply(built, matrix.float(), step=step)
        expected = (lambdas / lambdas[0]).tolist()
        assert list(weights.values()) == pytest.approx(expected, rel=1e-4)
        ratios = torch.tensor(expected, dtype=torch.float64, requires_grad=True)
        after = point - RATE * (ratios @ matrix)
        (slope,) = torch.autograd.grad(losses(after, following)[0], ratios)
        length = (2 * curvature[0] * (after - following[0])).norm().detach()
        lambdas.grad = -slope / (RATE * matrix.norm(dim=1) * length)
        adam.step()
        with torch.no_grad():
            lambdas.clamp_(min=0)
            lambdas[0].clamp_(min=1)
        point = point - RATE * direction.double()


def test_what_agrees_with_the_target_on_its_own_batch_only_is_no_help() -> None:
    """An auxiliary that repeats the noise of the batch gains weight by `ol-aux`, and loses against the target here."""
    generator = torch.Generator().manual_seed(0)
    hindsight, at_once = balancer("auto-lambda", 2), balancer("ol-aux", 2)
    found: list[dict[str, float]] = [{}, {}]
    for step in range(60):
        noise = torch.randn(400, generator=generator)
        matrix = torch.stack([noise + 0.5, noise])
        found = [apply(built, matrix, step=step)[1] for built in (hindsight, at_once)]
    assert found[0]["b"] < 0.8
    assert found[1]["b"] > 1.5


def test_a_step_is_judged_once_by_the_next_label_of_the_target() -> None:
    built = balancer("auto-lambda", 3, step_size=0.1)
    apply(built, _rows((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0)))
    assert apply(built, _rows((0.0, 1.0), (0.0, 1.0)), ("b", "c"), step=1)[1] == {"b": 1.0, "c": 1.0}
    apply(built, _rows((1.0, 0.0)), ("a",), step=2)  # the target alone judges: a by step 0, b and c by step 1
    _, weights = apply(built, _rows((-1.0, 0.0), (0.0, 1.0)), ("b", "c"), step=3)
    assert weights == pytest.approx({"b": 1 / 1.1, "c": 1 / 1.1}, rel=1e-4)
    for step in range(4, 6):
        apply(built, _rows((1.0, 0.0)), ("a",), step=step)  # b is judged once: in step 4, by step 3
    _, weights = apply(built, _rows((0.0, 1.0), (0.0, 1.0)), ("b", "c"), step=6)
    assert weights == pytest.approx({"b": 0.925586 / 1.3, "c": 1 / 1.3}, rel=1e-4)  # Adam's second step, after a 0


def test_an_auxiliary_alone_in_a_step_has_its_weight() -> None:
    built = balancer("auto-lambda", 2, step_size=0.5)
    for step in range(4):
        apply(built, _rows((1.0, 0.0), (-1.0, 0.0)), step=step)
    direction, weights = apply(built, _rows((-1.0, 0.0)), ("b",), step=4)
    assert weights == {"b": 0.0}
    assert not direction.any()


def test_what_waits_for_the_next_batch_is_a_copy() -> None:
    """Clipping changes gradients in place after a step: those of the target's head would be judged by other numbers."""
    found = []
    for factor in (1.0, -1.0):
        built = balancer("auto-lambda", 1, step_size=0.1)
        head = nn.Parameter(torch.zeros(2))
        for step in range(2):
            built.begin_step(Step(step, 1, frozenset("a"), [head]))
            built.backward({"a": head.sum()})
            built.finish({"a": 1.0}, nothing)
            assert head.grad is not None
            head.grad.mul_(factor)
        found.append(built.state_dict())
    assert repr(found[0]) == repr(found[1])


def test_gradients_at_the_features_of_other_images_cannot_be_compared() -> None:
    with pytest.raises(InputError, match=r"auto-lambda reads more of the gradients .* set balancer\.scope=shared"):
        balancer("auto-lambda", 2, scope="features")
