"""Computing again in the backward pass what would take too much memory to keep.

Chen, Xu, Zhang, Guestrin, "Training Deep Nets with Sublinear Memory Cost", 2016, https://arxiv.org/abs/1604.06174.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar, cast, final

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

_Result = TypeVar("_Result")


def recompute(owner: nn.Module, function: Callable[..., _Result], *inputs: Any) -> _Result:
    """``function(*inputs)``, of which only inputs and results are kept; results and gradients have the same bits.

    ``owner`` holds every layer that ``function`` runs: dropout drops the same numbers the second time, and batch
    normalisation leaves its running statistics alone then.
    """
    if not torch.is_grad_enabled():
        return function(*inputs)

    def contexts() -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
        return nullcontext(), _OnceMore(owner)

    return cast(_Result, checkpoint(function, *inputs, use_reentrant=False, context_fn=contexts))


@final
class _OnceMore(AbstractContextManager[None]):
    """Lets batch normalisation do what it did the first time, but count and average into copies.

    Leaving tracking off instead would let it keep other tensors for the backward pass than the first time. It can be
    entered again, because there may be several backward passes.
    """

    def __init__(self, owner: nn.Module) -> None:
        layers = (module for module in owner.modules() if isinstance(module, _BatchNorm) and module.training)
        self.tracked = {layer: layer.track_running_stats for layer in layers}
        self.before: list[tuple[_BatchNorm, bool, dict[str, Tensor]]] = []

    def __enter__(self) -> None:
        self.before = [
            (layer, layer.track_running_stats, dict(layer.named_buffers(recurse=False))) for layer in self.tracked
        ]
        for layer, _, buffers in self.before:
            layer.track_running_stats = self.tracked[layer]
            for name, buffer in buffers.items():
                setattr(layer, name, buffer.clone())

    def __exit__(self, *_: object) -> None:
        for layer, tracked, buffers in self.before:
            layer.track_running_stats = tracked
            for name, buffer in buffers.items():
                setattr(layer, name, buffer)
        self.before = []
