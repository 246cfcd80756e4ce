"""Dynamic weight averaging: the paper's numbers, priors, and the faults of per-batch ratios."""

from __future__ import annotations

import math

import pytest
import torch
from torchjd.scalarization import DWA

from auxseg.balancing import DWAConfig
from tests.balancing.problem import NAMES, Problem, Trainer, build
from tests.balancing.weighting.weigh import weigh_after


def test_training_is_that_of_an_independent_implementation() -> None:
    trainer = Trainer(build("dwa", temperature=0.5))
    problem, reference = Problem(), DWA(temperature=0.5)
    optimizer = torch.optim.SGD(problem.parameters(), lr=0.02, momentum=0.5)
    weights: dict[str, float] = {}
    for step in range(12):
        if step % 3 == 0:
            reference.step()
        _, weights = trainer.step(step)
        optimizer.zero_grad()
        reference(torch.stack(list(problem.losses(step, slice(None)).values()))).backward()
        optimizer.step()
    assert len({round(weight, 3) for weight in weights.values()}) == len(NAMES)
    for name, value in problem.named_parameters():
        torch.testing.assert_close(trainer.weights()[name], value.detach())


def test_priors_weigh_the_first_two_epochs_and_keep_their_sum() -> None:
    settings = DWAConfig(weights={"a": 0.3, "b": 1.0, "c": 2.0}, temperature=2.0)
    first, second = {"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 0.9, "b": 0.5, "c": 0.1}
    assert weigh_after(settings, [first]) == pytest.approx(settings.weights)
    weights = weigh_after(settings, [first, second])
    terms = {name: settings.weights[name] * math.exp(second[name] / 2.0) for name in second}
    assert weights == pytest.approx({name: 3.3 * term / sum(terms.values()) for name, term in terms.items()})


def test_slower_tasks_count_more() -> None:
    weights = weigh_after(DWAConfig(), [{"slow": 1.0, "fast": 5.0}, {"slow": 0.9, "fast": 1.0}])
    assert weights["slow"] > weights["fast"]
    assert sum(weights.values()) == pytest.approx(2)


def test_fault_22_an_epoch_is_judged_by_its_mean_and_nothing_is_forgotten_between_epochs() -> None:
    noisy = [{"a": 1.5, "b": 1.0}, {"a": 0.5, "b": 1.0}] * 2
    assert weigh_after(DWAConfig(), noisy, steps_per_epoch=2) == pytest.approx({"a": 1, "b": 1})
    falling = [{"a": 1.0, "b": 1.0}, {"a": 0.5, "b": 1.0}, {"a": 0.25, "b": 1.0}]
    for steps_per_epoch in (1, 2, 3):  # an epoch that begins does not reset ratios by the step
        weights = weigh_after(DWAConfig(every="step"), falling, steps_per_epoch)
        expected = 2 / (1 + math.exp(0.5 / 2))
        assert weights["a"] == pytest.approx(expected)


def test_fault_22_tiny_losses_do_not_make_the_ratio() -> None:
    tiny = [{"a": 1e-12, "b": 1.0}, {"a": 1e-7, "b": 1.0}]
    assert weigh_after(DWAConfig(every="step"), tiny) == pytest.approx({"a": 1, "b": 1})
    zero = [{"a": 0.0, "b": 1.0}, {"a": 100.0, "b": 1.0}]
    weights = weigh_after(DWAConfig(every="step"), zero)
    assert all(math.isfinite(weight) for weight in weights.values())


def test_fault_22_losses_are_remembered_unweighted_and_with_their_scale() -> None:
    first, second = {"a": 1.0, "b": 1.0}, {"a": 0.5, "b": 1.0}
    weights = weigh_after(DWAConfig(every="step", weights={"a": 0.1}), [first, second])
    terms = {"a": 0.1 * math.exp(0.25), "b": math.exp(0.5)}
    assert weights == pytest.approx({name: 1.1 * term / sum(terms.values()) for name, term in terms.items()})


def test_steps_are_averaged_over_a_period() -> None:
    losses = [{"a": 1.0, "b": 1.0}, {"a": 3.0, "b": 1.0}, {"a": 0.5, "b": 1.0}, {"a": 1.5, "b": 1.0}]
    weights = weigh_after(DWAConfig(every=2), losses, steps_per_epoch=3)
    assert weights["a"] == pytest.approx(2 / (1 + math.exp(0.5 / 2)))


def test_a_label_that_comes_late_starts_with_the_prior() -> None:
    losses = [{"a": 1.0, "b": 1.0}, {"a": 0.5}, {"a": 0.25}]
    weights = weigh_after(DWAConfig(every="step"), [*losses, {"a": 0.1, "b": 0.1}])
    terms = {"a": math.exp(0.1 / 0.25 / 2), "b": math.exp(0.1 / 1.0 / 2)}
    assert weights == pytest.approx({name: 2 * term / sum(terms.values()) for name, term in terms.items()})
