"""Boxes that reach out of their picture, as rounding and annotation tools make them do."""

from __future__ import annotations

import math
from dataclasses import replace

from auxseg.data.sample import Box


def clip_box(box: Box, hw: tuple[int, int]) -> tuple[Box | None, float]:
    """The part of a box that lies in a picture of this height and width, and by how many pixels it reached out of it.

    ``None`` where no part does: the box is empty, wholly outside, or its corners are no finite numbers.
    """
    height, width = hw
    x0, x1 = (min(max(x, 0.0), float(width)) for x in (box.x0, box.x1))
    y0, y1 = (min(max(y, 0.0), float(height)) for y in (box.y0, box.y1))
    overshoot = max(x0 - box.x0, y0 - box.y0, box.x1 - x1, box.y1 - y1)
    if not (x0 < x1 and y0 < y1 and math.isfinite(overshoot)):
        return None, overshoot
    return (replace(box, x0=x0, y0=y0, x1=x1, y1=y1) if overshoot > 0 else box), overshoot
