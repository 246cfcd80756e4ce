"""How bright a colour is."""

from __future__ import annotations

from typing import Final

LUMA: Final = (0.299, 0.587, 0.114)
"""Shares of red, green and blue: ITU-R Recommendation BT.601, https://www.itu.int/rec/R-REC-BT.601."""
