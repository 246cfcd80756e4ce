"""Low-rank adapters: small matrices that learn what to add to frozen weights.

Hu, Shen, Wallis, Allen-Zhu, Li, Wang, Wang, Chen, "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022,
https://arxiv.org/abs/2106.09685: a layer computes with ``W + (alpha / r) B A``, where the pretrained ``W`` is frozen,
``A`` starts from normal random numbers and ``B`` at zero, so that the first output is that of the plain network.

Departures: the variance of ``A`` is 1 over the number of inputs, which the paper leaves open. ``B A`` is added to the
weights and not to the output, so that layers are adapted too whose weights a backbone reads by itself. The paper adapts
the projections of attention; here a network without linear layers in attention has its dense convolutions adapted, each
as the matrix that its kernel is when unrolled.

Shape legend: ``O`` outputs, ``I`` inputs (of a convolution times the kernel's area), ``R`` the rank.
"""

from __future__ import annotations

import math
import re
from typing import Final, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize

_WEIGHT: Final = "weight"
_ATTENTION: Final = re.compile(r"attn|attention|xca", re.IGNORECASE)
"""What modules of attention are called in timm, or their types; xca is attention between channels."""


@final
class LowRank(nn.Module):
    """Adds ``scale * up @ down`` to a weight. A layer that is smaller than the rank has an adapter of its own size."""

    def __init__(self, weight: Tensor, rank: int, alpha: float) -> None:
        super().__init__()
        outputs, inputs = weight.shape[0], weight[0].numel()
        rank_here = min(rank, outputs, inputs)
        self.scale = alpha / rank
        self.down = nn.Parameter(weight.new_empty(rank_here, inputs))
        self.up = nn.Parameter(weight.new_zeros(outputs, rank_here))
        nn.init.normal_(self.down, std=1 / math.sqrt(inputs))

    def forward(self, weight: Float[Tensor, "O ..."]) -> Float[Tensor, "O ..."]:
        """The adapted weight."""
        return weight + self.scale * (self.up @ self.down).reshape(weight.shape)


def add_adapters(network: nn.Module, rank: int, alpha: float) -> int:
    """Put an adapter on the weight of every layer that is to be adapted, and return how many there are."""
    layers = _attention_layers(network) or _dense_convolutions(network)
    for layer in layers:
        parametrize.register_parametrization(layer, _WEIGHT, LowRank(layer.get_parameter(_WEIGHT), rank, alpha))
    return len(layers)


def adapter_parameters(network: nn.Module) -> list[nn.Parameter]:
    """The parameters of all adapters."""
    return [p for module in network.modules() if isinstance(module, LowRank) for p in module.parameters()]


def merge_adapters(network: nn.Module) -> None:
    """Let every adapted layer be a plain one that holds the sum. There is nothing to train apart afterwards."""
    with torch.no_grad():
        for module in list(network.modules()):
            if parametrize.is_parametrized(module, _WEIGHT):
                parametrize.remove_parametrizations(module, _WEIGHT, leave_parametrized=True)


def _attention_layers(network: nn.Module) -> list[nn.Linear]:
    """The linear layers inside of modules that are called attention, without the MLPs that some of these hold too."""
    found: dict[nn.Linear, None] = {}
    for path, module in network.named_modules():
        if not _ATTENTION.search(f"{path.rpartition('.')[2]} {type(module).__name__}"):
            continue
        for name, child in module.named_modules():
            if isinstance(child, nn.Linear) and "mlp" not in f"{path}.{name}":
                found[child] = None
    return list(found)


def _dense_convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d) and module.groups == 1]
