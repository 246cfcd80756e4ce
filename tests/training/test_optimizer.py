"""Groups of parameters, and the optimisers' own arithmetic."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from auxseg.training.optimizer import AdamConfig, AdamWConfig, OptimizerConfig, SGDConfig, at_width, parameter_groups


@pytest.mark.parametrize("settings", [AdamConfig(), AdamWConfig(), SGDConfig()])
def test_every_parameter_is_in_one_group(settings: OptimizerConfig) -> None:
    encoder, head = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), nn.Linear(4, 2)
    groups = parameter_groups((encoder, head), encoder.parameters(), settings)
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(parameter) for module in (encoder, head) for parameter in module.parameters())
    for group in groups:
        of_encoder = any(parameter is own for parameter in group["params"] for own in encoder.parameters())
        assert group["base_rate"] == settings.rate * (settings.pretrained_rate if of_encoder else 1.0)
        decayed = {parameter.ndim > 1 for parameter in group["params"]}
        assert decayed == {group["weight_decay"] > 0} or settings.weight_decay == 0


def test_what_is_frozen_is_in_no_group_even_if_it_is_decayed() -> None:
    encoder, head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)
    settings = AdamWConfig(weight_decay=0.5)
    groups = parameter_groups((encoder, head), encoder.parameters(), settings, encoder.parameters())
    grouped = {id(parameter) for group in groups for parameter in group["params"]}
    assert grouped == {id(parameter) for parameter in head.parameters()}


@pytest.mark.parametrize("settings", [AdamConfig(), AdamWConfig(), SGDConfig(), SGDConfig(momentum=0)])
def test_parameters_may_join_late(settings: OptimizerConfig) -> None:
    early, late, reference = (nn.Parameter(torch.ones(2, 2)) for _ in range(3))
    optimizer = settings.build(parameter_groups([nn.ParameterList([early, late])], [], settings))
    alone = settings.build(parameter_groups([nn.ParameterList([reference])], [], settings))
    for step in range(4):
        early.grad, late.grad = torch.ones(2, 2), torch.full((2, 2), 3.0) if step > 1 else None
        optimizer.step()
    for _ in range(2):
        reference.grad = torch.full((2, 2), 3.0)
        alone.step()
    assert torch.equal(late, reference)


@pytest.mark.parametrize("settings", [AdamConfig(), AdamWConfig(), SGDConfig()])
def test_rate_follows_the_width_where_it_says_for_which_it_was_chosen(settings: OptimizerConfig) -> None:
    assert at_width(settings, 0.25) == settings
    chosen = replace(settings, rate=0.01, base_width=1.0)
    assert at_width(chosen, 1.0) == replace(settings, rate=0.01)
    assert at_width(chosen, 0.25) == replace(settings, rate=0.04)
    assert at_width(at_width(chosen, 0.25), 0.25) == at_width(chosen, 0.25)


def test_adam_moves_an_output_by_as_much_whatever_the_width() -> None:
    def moved(width: float) -> float:
        inputs = round(256 * width)
        layer = nn.Linear(inputs, 1, bias=False)
        settings = at_width(AdamConfig(rate=0.001, base_width=1.0), width)
        optimizer = settings.build(parameter_groups([layer], [], settings))
        x = torch.ones(inputs)
        before = layer(x)
        before.sum().backward()
        optimizer.step()
        return float((layer(x) - before).detach())

    assert moved(0.25) == pytest.approx(moved(1.0), rel=1e-3)
    assert moved(1.0) == pytest.approx(-0.256, rel=1e-3)


def test_momentum_is_that_of_torch() -> None:
    mine, reference = (nn.Parameter(torch.ones(2, 2)) for _ in range(2))
    settings = SGDConfig(rate=0.1, weight_decay=0.01)
    optimizer = settings.build(parameter_groups([nn.ParameterList([mine])], [], settings))
    plain = torch.optim.SGD([reference], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01, foreach=False)
    for step in range(3):
        mine.grad, reference.grad = (torch.full((2, 2), step + 0.5) for _ in range(2))
        optimizer.step()
        plain.step()
    torch.testing.assert_close(mine, reference)


def test_adamw_takes_its_first_step() -> None:
    parameter = nn.Parameter(torch.tensor([[1.0, -2.0]]))
    module = nn.ParameterList([parameter])
    settings = AdamWConfig(rate=0.1, weight_decay=0.5)
    optimizer = settings.build(parameter_groups([module], [], settings))
    parameter.grad = torch.tensor([[3.0, -4.0]])
    optimizer.step()
    # p (1 - rate decay) - rate sign(g): the first step of Adam has size one in every direction.
    torch.testing.assert_close(parameter.detach(), torch.tensor([[0.85, -1.8]]))
