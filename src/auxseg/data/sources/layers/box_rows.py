"""Boxes of an image as the rows of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from auxseg.data.layers import BoxesForm, Layer
from auxseg.data.layers.boxes import COLUMNS
from auxseg.data.sample import Box
from auxseg.data.sources.clip_boxes import clip_box

NAMELESS: Final = "object"
"""The class of boxes that have no name."""


def box_layer(boxes: Sequence[Box], crowds: Sequence[Box], form: BoxesForm, hw: tuple[int, int]) -> Layer | None:
    """The layer of an image of this height and width, with each box cut to the image.

    ``None`` where a box is empty or lies outside, which `make_record` names if it is in ``Sample.boxes``: all boxes of
    the image are then not known, or what it surrounds would be taken for background. ``crowds`` surround things that
    were not told apart. The names of all boxes are among those of the form.
    """
    places = {name: place for place, name in enumerate(form.names)}
    rows: list[tuple[float, ...]] = []
    for is_crowd, some in enumerate((boxes, crowds)):
        for box in some:
            clipped, _ = clip_box(box, hw)
            if clipped is None:
                return None
            corners = np.array([clipped.x0, clipped.y0, clipped.x1, clipped.y1], np.float32)
            if (corners[:2] >= corners[2:]).any():  # in float32
                return None
            rows.append((*corners.tolist(), places[box.name or NAMELESS], is_crowd))
    return Layer(form, np.array(rows, np.float32).reshape(-1, COLUMNS))
