"""Average precision of single tags or classes as further figures of a task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

MOST: Final = 100
"""How many names have a figure of their own: pages list every figure."""


def ap_by_name(names: Sequence[str], values: Iterable[float]) -> dict[str, float]:
    """``ap.NAME`` of each of the first `MOST` names."""
    return {f"ap.{name}": value for name, value in zip(names[:MOST], values, strict=False)}


def explain_by_name(names: Sequence[str]) -> dict[str, str]:
    """One sentence for each of these figures."""
    return {f"ap.{name}": f"Average precision of {name} alone." for name in names[:MOST]}
