"""Evaluations draw smaller pictures once this is imported: at full size they take half of the time of most tests.

Imported before the tests begin, and by the process from which workers are forked.
"""

from __future__ import annotations

import sys
from typing import Final

SIDE: Final = 96
"""Of a picture, in pixels; large enough for captions to be a small part of it."""

_SIDES: Final = {"auxseg.run.evaluate": "EXAMPLE_SIZE", "auxseg.run.mistakes": "SIDE"}


def shrink() -> None:
    """For the modules that have been imported. Fails if one has lost the name, since nothing would be spared then."""
    for name, side in _SIDES.items():
        if module := sys.modules.get(name):
            assert hasattr(module, side), f"{name} has no {side} any more"
            setattr(module, side, SIDE)
