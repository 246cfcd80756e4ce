"""Groups of parameters, and the optimisers' own arithmetic."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from auxseg.training.optimizer import AdamConfig, AdamWConfig, OptimizerConfig, SGDConfig, parameter_groups


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


def test_adamw_takes_its_first_step() -> None:
    parameter = nn.Parameter(torch.tensor([[1.0, -2.0]]))
    module = nn.ParameterList([parameter])
    settings = AdamWConfig(rate=0.1, weight_decay=0.5)
    optimizer = settings.build(parameter_groups([module], [], settings))
    parameter.grad = torch.tensor([[3.0, -4.0]])
    optimizer.step()
    # p (1 - rate decay) - rate sign(g): the first step of Adam has size one in every direction.
    torch.testing.assert_close(parameter.detach(), torch.tensor([[0.85, -1.8]]))
