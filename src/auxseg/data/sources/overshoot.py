"""Boxes that reach a little out of their picture, as rounding makes them do."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from auxseg.data.sample import Box

_OVERSHOOT: Final = 1.0
"""Pixels by which a box may reach out of the picture."""


def clip_overshoot(box: Box, hw: tuple[int, int]) -> Box:
    """Clip a box that reaches out of a picture of this height and width by a pixel; what is further out stays.

    A box that stays is none of the picture's, and leaves the sample out when it is prepared.
    """
    corners = np.array([box.x0, box.y0, box.x1, box.y1])
    clipped = corners.clip(0, np.array([hw[1], hw[0], hw[1], hw[0]], float))
    if not np.abs(clipped - corners).max() <= _OVERSHOOT:
        return box
    x0, y0, x1, y1 = clipped.tolist()
    return replace(box, x0=x0, y0=y0, x1=x1, y1=y1)
