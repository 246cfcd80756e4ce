"""The value of pixels that count for nothing."""

from __future__ import annotations

from typing import Final

IGNORE: Final = 255
"""Mask value of pixels that count for nothing: unlabelled, border, padding."""
