"""Computing again in the backward pass what would take too much memory to keep.

Chen, Xu, Zhang, Guestrin, "Training Deep Nets with Sublinear Memory Cost", 2016, https://arxiv.org/abs/1604.06174.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar, cast

import torch
from torch import nn
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
        layers = [module for module in owner.modules() if isinstance(module, _BatchNorm) and module.training]
        return nullcontext(), _once_more({layer: layer.track_running_stats for layer in layers})

    return cast(_Result, checkpoint(function, *inputs, use_reentrant=False, context_fn=contexts))


@contextmanager
def _once_more(tracking: Mapping[_BatchNorm, bool]) -> Iterator[None]:
    """Let batch normalisation do what it did the first time, but count and average into copies.

    Leaving tracking off instead would let it keep other tensors for the backward pass than the first time.
    """
    now = {layer: layer.track_running_stats for layer in tracking}
    buffers = {layer: dict(layer.named_buffers(recurse=False)) for layer in tracking}
    try:
        for layer, tracked in tracking.items():
            layer.track_running_stats = tracked
            for name, buffer in buffers[layer].items():
                setattr(layer, name, buffer.clone())
        yield
    finally:
        for layer in tracking:
            layer.track_running_stats = now[layer]
            for name, buffer in buffers[layer].items():
                setattr(layer, name, buffer)
