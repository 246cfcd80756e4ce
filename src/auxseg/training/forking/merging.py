"""What several copies of a network become as one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from auxseg.models.network import Network


def floating(network: nn.Module) -> list[Tensor]:
    """All parameters and floating-point buffers, in the order of the network's state."""
    return [value for value in network.state_dict(keep_vars=True).values() if value.is_floating_point()]


def movers(network: Network, trained: Sequence[Sequence[str]]) -> list[list[int]]:
    """For each of `floating`, the numbers of the branches that move it, if a branch trains the tasks of these names.

    Running statistics move with the parameters beside them; a buffer without such moves in all branches.
    """
    moved = [{id(parameter) for parameter in network.parameters_moved_by(tasks)} for tasks in trained]
    modules = dict(network.named_modules())
    found: list[list[int]] = []
    for name, value in network.state_dict(keep_vars=True).items():
        if not value.is_floating_point():
            continue
        beside = list(modules[name.rpartition(".")[0]].parameters(recurse=False))
        asked = [value] if isinstance(value, nn.Parameter) else beside
        reached = {id(each) for each in asked}
        found.append([number for number, ids in enumerate(moved) if not asked or reached & ids])
    return found


@torch.no_grad()
def merged(
    values: Sequence[Sequence[Tensor]], weights: Sequence[float], moving: Sequence[Sequence[int]]
) -> list[Tensor]:
    """The weighted sum over branches of each tensor that the first branch moves.

    Others, such as an auxiliary's head, are taken from the branch that moves them, or are the mean of several. What is
    the same in all branches, such as frozen weights, and all of a branch with weight 1 keeps every bit.
    """
    found: list[Tensor] = []
    for place, branches in enumerate(moving):
        shares = dict(enumerate(weights)) if 0 in branches else {number: 1 / len(branches) for number in branches}
        terms = [(share, values[number][place]) for number, share in (shares or {0: 1.0}).items() if share]
        (share, first), *others = terms
        if all(torch.equal(first, value) for _, value in others):
            found.append(first.clone())
            continue
        total = share * first
        for share, value in others:
            total.add_(value, alpha=share)
        found.append(total)
    return found


@torch.no_grad()
def leave(values: Sequence[Tensor], places: Sequence[Tensor]) -> None:
    """Let these tensors hold those values."""
    for place, value in zip(places, values, strict=True):
        place.copy_(value)
