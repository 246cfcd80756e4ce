"""Numbers with their nouns, as sentences say them."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """``1 image``, ``1,200 images``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def in_points(share: float) -> str:
    """A difference of two shares in points, hundredths, with at most one decimal: ``1 point``, ``1.3 points``."""
    number = f"{100 * share:.1f}".removesuffix(".0")
    return f"{number} {'point' if number == '1' else 'points'}"
