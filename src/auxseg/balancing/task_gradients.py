"""The gradients of a step's losses, kept apart by task and added up over the step's parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

Gradients = Sequence[Tensor | None]
"""One gradient per parameter of the step, ``None`` where the loss does not depend on it."""


def add_gradients(
    kept: Mapping[str, Gradients], losses: Mapping[str, Tensor], parameters: Sequence[nn.Parameter]
) -> dict[str, Gradients]:
    """What was kept with the gradients of one micro-batch's losses, which takes a backward pass for each of them.

    The losses may share a graph, which is freed. Those that depend on nothing that learns are left out.
    """
    moving = {name: loss for name, loss in losses.items() if loss.requires_grad}
    found = dict(kept)
    for number, (name, loss) in enumerate(moving.items(), start=1):
        new = torch.autograd.grad(loss, parameters, retain_graph=number < len(moving), allow_unused=True)
        found[name] = add_rows(found[name], new) if name in found else new
    return found


def own_memory(gradients: Gradients) -> list[Tensor | None]:
    """The gradients with memory for each of their numbers, so that they can be changed in place.

    Autograd may give one number in the place of many, and two parameters parts of one tensor.
    """
    seen: set[int] = set()
    found: list[Tensor | None] = []
    for gradient in gradients:
        if gradient is not None:
            place = gradient.untyped_storage().data_ptr()
            if 0 in gradient.stride() or place in seen:
                gradient = gradient.clone()
            seen.add(place)
        found.append(gradient)
    return found


def add_rows(left: Gradients, right: Gradients) -> Gradients:
    """The sum, parameter by parameter."""
    return [
        mine if other is None else other if mine is None else mine + other
        for mine, other in zip(left, right, strict=True)
    ]
