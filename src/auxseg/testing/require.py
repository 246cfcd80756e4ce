"""How a check fails."""

from __future__ import annotations

import torch
from torch import Tensor


def require(holds: object, component: str, rule: str) -> None:
    """Raise `AssertionError` with the component and the rule, unless it holds. Also under ``python -O``."""
    if not holds:
        raise AssertionError(f"{component}: {rule}")


def are_close(one: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-6) -> bool:
    """Whether two tensors have one shape and the same numbers but for rounding; NaN equals NaN."""
    return one.shape == other.shape and torch.allclose(one, other.to(one), rtol=rtol, atol=atol, equal_nan=True)
