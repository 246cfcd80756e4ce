"""Normalisation layers: batch statistics, or groups of channels within one image.

Group normalisation: Wu, He, "Group Normalization", ECCV 2018, https://arxiv.org/abs/1803.08494. It knows no batch, so
that training on several processes equals training on the joined batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

Norm = Literal["batch", "group"]

MOST_GROUPS: Final = 8


def group_norm(channels: int) -> nn.GroupNorm:
    """Group normalisation with the largest number of groups, up to 8, that divides the channels."""
    groups = max(count for count in range(1, MOST_GROUPS + 1) if channels % count == 0)
    return nn.GroupNorm(groups, channels)


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """The layer that ``norm`` names."""
    return nn.BatchNorm2d(channels) if norm == "batch" else group_norm(channels)


def moving_batch_norms(module: nn.Module) -> list[_BatchNorm]:
    """The batch normalisations below ``module`` whose running statistics a forward pass would move now."""
    layers = (child for child in module.modules() if isinstance(child, _BatchNorm))
    return [layer for layer in layers if layer.training and layer.track_running_stats]


@contextmanager
def running_statistics_kept(layers: Iterable[_BatchNorm]) -> Iterator[None]:
    """Let batch normalisations in training leave their running statistics to the bit as they are.

    They go on to normalise by the statistics of the batch they see.
    """
    layers = list(layers)
    try:
        for layer in layers:
            layer.track_running_stats = False
        yield
    finally:
        for layer in layers:
            layer.track_running_stats = True


@contextmanager
def calls_noted(layers: Iterable[_BatchNorm], called: set[_BatchNorm]) -> Iterator[None]:
    """Add to ``called`` those of the layers that are called inside."""
    handles = [layer.register_forward_pre_hook(lambda *_, layer=layer: called.add(layer)) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def replace_batch_norm(module: nn.Module) -> None:
    """Put group normalisation, with fresh weights, in the place of every `BatchNorm2d` below ``module``.

    Backbones of timm fuse dropout and activation into their batch normalisation; both are kept.
    """
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            fused = [getattr(child, part) for part in ("drop", "act") if hasattr(child, part)]
            module.add_module(name, nn.Sequential(group_norm(child.num_features), *fused))
        else:
            replace_batch_norm(child)
