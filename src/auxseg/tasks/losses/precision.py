"""Losses are sums of many small numbers: they are computed in float32 also where the network computes in bfloat16."""

from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(output: Tensor) -> Tensor:
    """Widen half precision to float32; leave float32 and float64 as they are."""
    return output.to(torch.promote_types(output.dtype, torch.float32))
