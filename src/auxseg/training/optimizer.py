"""Optimisers and the groups of parameters they treat alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeVar

import torch
from pydantic import Field
from torch import nn

from auxseg.config import config

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Decay = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@config
class _SharedConfig:
    """Settings of every optimiser.

    ``rate`` is the learning rate at its highest, ``weight_decay`` pulls weights of more than one dimension to 0.
    ``pretrained_rate`` is a factor on the rate of pretrained parameters. ``base_width`` is the ``model.width`` for
    which ``rate`` was chosen, if it is to follow the width: see `at_width`.
    """

    kind: str
    rate: Positive = 1e-3
    base_width: Positive | None = None
    pretrained_rate: Positive = 0.1
    weight_decay: Decay = 0.0


Shared = TypeVar("Shared", bound=_SharedConfig)


def at_width(settings: Shared, width: float) -> Shared:
    """The settings with the rate for networks of this width: ``rate * base_width / width``.

    Steps of Adam have one size whatever the gradients', so a layer's output moves in proportion to the number of its
    inputs: a network of a quarter of the channels stands four times the rate, and needs it to learn as much in as many
    steps. Source: Yang, Hu et al., Tensor Programs V: Tuning Large Neural Networks via Zero-Shot Hyperparameter
    Transfer, 2022, https://arxiv.org/abs/2203.03466, table 8, here for all parameters alike.
    """
    if settings.base_width is None:
        return settings
    return dataclasses.replace(settings, rate=settings.rate * settings.base_width / width, base_width=None)


@config
class AdamConfig(_SharedConfig):
    """Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015, https://arxiv.org/abs/1412.6980."""

    kind: Literal["adam"] = "adam"

    def build(self, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
        """Make the optimiser over parameter groups."""
        return torch.optim.Adam(groups, lr=self.rate, fused=True)


@config
class AdamWConfig(_SharedConfig):
    """Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, https://arxiv.org/abs/1711.05101."""

    kind: Literal["adamw"] = "adamw"
    weight_decay: Decay = 0.01

    def build(self, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
        """Make the optimiser over parameter groups."""
        return torch.optim.AdamW(groups, lr=self.rate, fused=True)


@config
class SGDConfig(_SharedConfig):
    """Stochastic gradient descent with momentum.

    ``momentum`` is the share of the last update that is kept, ``nesterov`` says whether in Nesterov's form.
    """

    kind: Literal["sgd"] = "sgd"
    rate: Positive = 0.05
    weight_decay: Decay = 1e-4
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    nesterov: bool = True

    def build(self, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
        """Make the optimiser over parameter groups."""
        nesterov = self.nesterov and self.momentum > 0
        optimizer = torch.optim.SGD(groups, lr=self.rate, momentum=self.momentum, nesterov=nesterov, fused=True)
        if self.momentum > 0:
            # The fused kernel fails where some parameters have no momentum yet, such as those of a task that had no
            # label so far. From zero the first step is the same.
            for parameter in (parameter for group in optimizer.param_groups for parameter in group["params"]):
                optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        return optimizer


OptimizerConfig = Annotated[AdamConfig | AdamWConfig | SGDConfig, Field(discriminator="kind")]


def parameter_groups(
    modules: Iterable[nn.Module],
    pretrained: Iterable[nn.Parameter],
    settings: OptimizerConfig,
    frozen: Iterable[nn.Parameter] = (),
) -> list[dict[str, Any]]:
    """Group parameters by rate and weight decay; those that are ``frozen`` are in no group.

    Pretrained parameters learn at ``rate * pretrained_rate``. Vectors (biases, the gains of normalisation) and single
    numbers are not decayed: pulling them to zero regularises nothing.
    """
    known, left_out = ({id(parameter) for parameter in some} for some in (pretrained, frozen))
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for module in modules:
        for parameter in (each for each in module.parameters() if id(each) not in left_out):
            groups.setdefault((id(parameter) in known, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "base_rate": settings.rate * (settings.pretrained_rate if is_pretrained else 1.0),
            "weight_decay": settings.weight_decay if decayed else 0.0,
        }
        for (is_pretrained, decayed), parameters in groups.items()
    ]
