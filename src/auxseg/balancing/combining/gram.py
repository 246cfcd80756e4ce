"""Inner products and sums of gradients that are kept as one tensor per parameter.

Shape legend: ``K`` tasks, ``n`` numbers of all parameters together, ``p`` those of one parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from auxseg.balancing.task_gradients import Gradients

ROUNDING: Final = 3e-7
"""Singular values of a matrix of gradients below this share of the largest are rounding errors."""
_COLUMNS: Final = {False: 2**15, True: 2**24}
"""How much is multiplied at a time on a CPU, whose cache then holds it, and on a GPU."""


def gramian(gradients: Sequence[Gradients]) -> Float64[Tensor, "K K"]:
    """The inner products ``g_i . g_j``, on the CPU.

    They are multiplied and summed in float64, piece by piece, so that no copy of all gradients is made: of gradients
    that are almost parallel, float32 would lose what tells them apart.
    """
    products = torch.zeros(len(gradients), len(gradients), dtype=torch.float64)
    for rows in zip(*gradients, strict=True):
        flattened = _flattened(rows)  # K p
        if not flattened:
            continue
        products = products.to(flattened[0].device)
        for pieces in zip(*(row.split(_COLUMNS[row.is_cuda]) for row in flattened), strict=True):
            numbers = torch.stack(pieces).double()
            products += numbers @ numbers.T
    return products.cpu()


def cleaned(products: Float64[Tensor, "K K"]) -> Float64[Tensor, "K K"]:
    """The inner products without what is a rounding error of the float32 that gradients are in.

    These are small eigenvalues of the cosines. Of the products themselves a gradient that is much shorter than the
    others would be such an error as a whole.
    """
    norms = products.diagonal().clamp(min=0).sqrt()
    inverse = torch.where(norms > 0, 1 / norms, 0.0)
    values, vectors = torch.linalg.eigh(products * inverse[:, None] * inverse[None, :])
    values = torch.where(values > ROUNDING**2 * values.max(), values, 0.0)
    return (vectors * values) @ vectors.T * norms[:, None] * norms[None, :]


def _flattened(rows: Gradients) -> list[Float[Tensor, " p"]]:
    """One parameter's gradients, zero for tasks that do not depend on it; empty if none does."""
    known = next((row for row in rows if row is not None), None)
    if known is None:
        return []
    return [(torch.zeros_like(known) if row is None else row).flatten() for row in rows]


def flat(gradients: Sequence[Gradients]) -> Float[Tensor, "K n"]:
    """All gradients in one matrix."""
    blocks = [torch.stack(flattened) for rows in zip(*gradients, strict=True) if (flattened := _flattened(rows))]
    return torch.cat(blocks, dim=1).float()


def weighted_sum(rows: Gradients, weights: Sequence[float]) -> Tensor | None:
    """``sum_i w_i g_i`` for one parameter, `None` if no task depends on it."""
    terms = [(weight, row) for weight, row in zip(weights, rows, strict=True) if row is not None]
    if not terms:
        return None
    (weight, row), *others = terms
    total = weight * row
    for weight, row in others:
        total.add_(row, alpha=weight)
    return total
