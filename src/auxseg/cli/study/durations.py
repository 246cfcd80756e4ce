"""Times as people type and read them."""

from __future__ import annotations

import math
import re
from typing import Final

from auxseg.errors import InputError

_UNITS: Final = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_PART: Final = re.compile(r"(\d+(?:\.\d*)?)\s*([a-z]+)")
_LONGEST: Final = 366 * 86400.0


def duration(text: str) -> float:
    """Seconds of a time such as ``45min``, ``2h`` or ``1h30m``. Raises `InputError` if it is none."""
    parts = _PART.findall(text.strip().lower())
    rest = _PART.sub("", text.strip().lower()).strip()
    if parts and not rest and all(unit in _UNITS for _, unit in parts):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
        if math.isfinite(seconds) and 0 < seconds <= _LONGEST:
            return seconds
    raise InputError(f"--budget {text}: expected a time such as 45min, 2h or 1h30m")


def said(seconds: float) -> str:
    """A time in the unit in which people think of it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
