"""Numbers with their nouns, as sentences say them."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """``1 image``, ``1,200 images``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
