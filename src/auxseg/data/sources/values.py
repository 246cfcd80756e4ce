"""Reading single values of foreign files (JSON, CSV, XML): what loses nothing is accepted, all else is refused.

Tools write numbers as text (``"3"``), whole numbers as floats (``3.0``) and truth values as numbers (``"0"``). Each
function here takes any of these for what it means and never guesses: Python's own ``bool("0")`` is true.
"""

from __future__ import annotations

import math
import re
from typing import Final

LARGEST_INTEGER: Final = 2**53
"""Beyond this size JSON readers of other languages lose digits."""

_NUMBER: Final = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE: Final = re.compile(r"[+-]?\d{1,40}", re.ASCII)
_FLAGS: Final = {"0": False, "1": True, "false": False, "true": True}
_NUM_SHOWN: Final = 40


class BadValue(ValueError):
    """A value is not what its key promises; the message is a whole clause: ``key should be ..., not ...``."""


def integer(value: object, key: str) -> int:
    """A whole number: ``3``, ``3.0``, ``"3"``. Raises `BadValue`, also beyond `LARGEST_INTEGER`."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if type(value) is not int:
        exact = _parsed(value)
        if exact is None or not math.isfinite(exact) or exact != int(exact):
            raise _bad(key, "a whole number", value)
        value = int(exact)
    if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        raise _bad(key, f"a whole number of at most {LARGEST_INTEGER}", value)
    return value


def number(value: object, key: str) -> float:
    """A finite number: ``2.5``, ``3``, ``"2.5"``. Raises `BadValue`, also for what is beyond floating point."""
    parsed = _parsed(value)
    if parsed is None or not math.isfinite(parsed):
        raise _bad(key, "a finite number", value)
    return parsed


def flag(value: object, key: str) -> bool:
    """A truth value: ``true``, ``1``, ``"1"``, ``"true"`` and their opposites. Raises `BadValue` for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    known = _FLAGS.get(value.strip().lower().removesuffix(".0")) if isinstance(value, str) else None
    if known is None:
        raise _bad(key, "true or false (1 or 0)", value)
    return known


def text(value: object, key: str) -> str:
    """A text that is not empty; whole numbers count as what they are written like. Raises `BadValue`.

    NUL and halves of surrogate pairs, which no file name and no store can hold, are refused.
    """
    if type(value) is int or (isinstance(value, float) and value.is_integer()):
        value = str(integer(value, key))
    if not isinstance(value, str) or not value.strip():
        raise _bad(key, "a text", value)
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise _bad(key, "a text without NUL or broken characters", value)
    return value


def shown(value: object) -> str:
    """A value as an error shows it: short, on one line, without what steers a terminal."""
    if isinstance(value, dict | list | tuple):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    if type(value) is int and abs(value) > LARGEST_INTEGER:
        return f"a whole number of {value.bit_length()} bits"
    words = ascii(value[: _NUM_SHOWN + 1] if isinstance(value, str) else value)
    return words if len(words) <= _NUM_SHOWN else f"{words[:_NUM_SHOWN]}..."


def _parsed(value: object) -> float | None:
    """The number that a value says, which may be infinite; ``None`` if it says none."""
    if type(value) is float:
        return value
    if type(value) is int:
        return float(value) if abs(value) <= LARGEST_INTEGER else None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return None


def _bad(key: str, expected: str, value: object) -> BadValue:
    return BadValue(f"{key} should be {expected}, not {shown(value)}")
