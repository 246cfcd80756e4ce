"""Normalisation layers: batch statistics, or groups of channels within one image.

Group normalisation: Wu, He, "Group Normalization", ECCV 2018, https://arxiv.org/abs/1803.08494. It knows no batch, so
that training on several processes equals training on the joined batch.
"""

from __future__ import annotations

from typing import Final, Literal

from torch import nn

Norm = Literal["batch", "group"]

MOST_GROUPS: Final = 8


def group_norm(channels: int) -> nn.GroupNorm:
    """Group normalisation with the largest number of groups, up to 8, that divides the channels."""
    groups = max(count for count in range(1, MOST_GROUPS + 1) if channels % count == 0)
    return nn.GroupNorm(groups, channels)


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """The layer that ``norm`` names."""
    return nn.BatchNorm2d(channels) if norm == "batch" else group_norm(channels)


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
