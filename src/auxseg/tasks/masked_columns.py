"""Columns of per_image.csv."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jaxtyping import Bool
from torch import Tensor


def cells(values: Iterable[Any], known: Bool[Tensor, " N"]) -> list[Any]:
    """The values of a column, ``None`` where a value is not known."""
    return [value if is_known else None for value, is_known in zip(values, known.tolist(), strict=True)]
