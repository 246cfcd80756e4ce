"""Columns of per_image.csv."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from jaxtyping import Bool
from torch import Tensor

_Value = TypeVar("_Value")


def cells(values: Iterable[_Value], known: Bool[Tensor, " N"]) -> list[_Value | None]:
    """The values of a column, ``None`` where a value is not known."""
    return [value if is_known else None for value, is_known in zip(values, known.tolist(), strict=True)]
