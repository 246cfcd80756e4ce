"""Maps of numbers as pictures.

Shape legend: ``H W`` pixels of a picture, ``h w`` pixels of a map, ``C`` its channels,
``K`` classes, boxes or points, ``T`` tags.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float, Integer, UInt8

from auxseg.data.ignore import IGNORE
from auxseg.data.layers import (
    METRES,
    BoxesForm,
    InstancesForm,
    LayerForm,
    MapForm,
    MaskForm,
    MultiMaskForm,
    PointsForm,
    TagsForm,
)
from auxseg.data.layers.instances import NO_THING, UNKNOWN
from auxseg.drawing import INK, TRUTH_COLOUR, Colour, bands, draw_box, draw_text, nearest_rows, overlay_mask

_OUTLIERS: Final = 2.0
"""Percent of the numbers at either end that get the last colour."""

_MIDDLE: Final = 3.0
"""The depth in metres that is drawn in the middle of the colours."""


def paint_layer(picture: UInt8[np.ndarray, "H W 3"], values: np.ndarray, form: LayerForm) -> UInt8[np.ndarray, "H W 3"]:
    """A layer as it is stored: maps take the place of the picture, everything else is drawn onto it."""
    match form:
        case MaskForm():
            return overlay_mask(picture, values)
        case InstancesForm():
            return paint_instances(picture, values)
        case MultiMaskForm():
            return paint_planes(picture, form.unpack(values))
        case TagsForm():
            return paint_tags(picture, form.names, values)
        case BoxesForm():
            known = values[form.known(values)]
            return paint_boxes(picture, known[:, :4])
        case PointsForm():
            return paint_points(picture, values[form.known(values), :2])
    return _paint_map(picture, values, form)


def _paint_map(picture: UInt8[np.ndarray, "H W 3"], values: np.ndarray, form: MapForm) -> UInt8[np.ndarray, "H W 3"]:
    channels = values.astype(np.float32).transpose(2, 0, 1)
    if form.is_direction and form.channels == 3:
        return paint_directions(picture, channels)
    return (
        paint_metres(picture, channels[0])
        if (form.unit, form.channels) == (METRES, 1)
        else paint_any(picture, channels)
    )


def paint_planes(picture: UInt8[np.ndarray, "H W 3"], planes: UInt8[np.ndarray, "K h w"]) -> UInt8[np.ndarray, "H W 3"]:
    """Overlapping masks (1 where a class is), each tinted in its own colour, one after the other."""
    for number, plane in enumerate(planes):
        if (plane == 1).any():
            ids = np.where(plane == 1, number % (IGNORE - 1) + 1, 0).astype(np.uint8)
            picture = overlay_mask(picture, ids, alpha=0.3)
    return picture


def paint_instances(picture: UInt8[np.ndarray, "H W 3"], ids: Integer[np.ndarray, "h w"]) -> UInt8[np.ndarray, "H W 3"]:
    """Every thing tinted in one of the colours of classes; two that touch may share one, but not their outlines."""
    is_thing = (ids != NO_THING) & (ids != UNKNOWN)
    return overlay_mask(picture, np.where(is_thing, (ids.astype(np.int64) - 1) % (IGNORE - 1) + 1, 0).astype(np.uint8))


def paint_tags(
    picture: UInt8[np.ndarray, "H W 3"],
    names: Sequence[str],
    values: UInt8[np.ndarray, " T"],
    colour: Colour = TRUTH_COLOUR,
    *,
    bottom: bool = False,
) -> UInt8[np.ndarray, "H W 3"]:
    """The names of the tags that fit, in a line; nothing where no tag is known."""
    if (values == IGNORE).all():
        return picture
    text = ", ".join(name for name, value in zip(names, values.tolist(), strict=True) if value == 1)
    return draw_text(picture, text or "no tag", colour, bottom=bottom)


def paint_boxes(
    picture: UInt8[np.ndarray, "H W 3"], boxes: Float[np.ndarray, "K 4"], colour: Colour = TRUTH_COLOUR
) -> UInt8[np.ndarray, "H W 3"]:
    """The outlines of boxes in pixels of the picture."""
    for box in boxes:
        picture = draw_box(picture, box, colour)
    return picture


def paint_points(
    picture: UInt8[np.ndarray, "H W 3"], points: Float[np.ndarray, "K 2"], colour: Colour = TRUTH_COLOUR
) -> UInt8[np.ndarray, "H W 3"]:
    """Draw discs at the points ``x y`` in pixels, with a dark rim; those beyond the picture's edges are left out."""
    height, width = picture.shape[:2]
    drawn, radius = picture.copy(), max(min(height, width) // 50, 1)
    for x, y in points.tolist():
        if 0 <= x <= width and 0 <= y <= height:
            centre = min(math.floor(x), width - 1), min(math.floor(y), height - 1)
            cv2.circle(drawn, centre, radius + 1, INK, cv2.FILLED)
            cv2.circle(drawn, centre, radius, colour, cv2.FILLED)
    return drawn


def paint_metres(picture: UInt8[np.ndarray, "H W 3"], depths: Float[np.ndarray, "h w"]) -> UInt8[np.ndarray, "H W 3"]:
    """Near is yellow, far dark blue, the same colours in every picture."""
    return paint_scale(picture, depths / (depths + _MIDDLE))


def paint_directions(
    picture: UInt8[np.ndarray, "H W 3"], values: Float[np.ndarray, "3 h w"]
) -> UInt8[np.ndarray, "H W 3"]:
    """A unit vector (x, y, z) as the colour ``((x + 1) / 2, (y + 1) / 2, (z + 1) / 2)``."""
    return paint_rgb(picture, (values + 1) / 2)


def paint_scale(picture: UInt8[np.ndarray, "H W 3"], values: Float[np.ndarray, "h w"]) -> UInt8[np.ndarray, "H W 3"]:
    """Numbers from 0 (yellow) to 1 (dark blue) in the colours of viridis, in place of the picture where there are any.

    NaN leaves the picture as it is; the map is enlarged or shrunk to the picture by nearest pixels.
    """
    levels = np.rint(255 * (1 - np.nan_to_num(values).clip(0, 1))).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)
    return _put(picture, colours, np.isfinite(values))


def paint_rgb(picture: UInt8[np.ndarray, "H W 3"], values: Float[np.ndarray, "3 h w"]) -> UInt8[np.ndarray, "H W 3"]:
    """Three numbers from 0 to 1 as red, green and blue, in place of the picture where there are any."""
    colours = np.rint(255 * np.nan_to_num(values).clip(0, 1)).astype(np.uint8).transpose(1, 2, 0)
    return _put(picture, colours, np.isfinite(values.sum(axis=0)))


def paint_any(picture: UInt8[np.ndarray, "H W 3"], values: Float[np.ndarray, "C h w"]) -> UInt8[np.ndarray, "H W 3"]:
    """Any map by its own range: three channels or more as a coloured picture, else the first one on a scale."""
    shown = np.stack([_in_own_range(channel) for channel in values[: 3 if len(values) >= 3 else 1]])
    return paint_rgb(picture, shown) if len(shown) == 3 else paint_scale(picture, shown[0])


def _in_own_range(values: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    known = values[np.isfinite(values)]
    if not known.size:
        return values
    low, high = np.percentile(known, [_OUTLIERS, 100 - _OUTLIERS])
    return (values - low) / max(high - low, np.finfo(np.float32).tiny)


def _put(
    picture: UInt8[np.ndarray, "H W 3"], colours: UInt8[np.ndarray, "h w 3"], known: Bool[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "H W 3"]:
    """Colours in place of the picture where they are known. What lies between known and unknown has no colour."""
    drawn, size = picture.copy(), (picture.shape[0], picture.shape[1])
    for rows in bands(*size):
        where = nearest_rows(known, size, rows)
        drawn[rows][where] = nearest_rows(colours, size, rows)[where]
    return drawn
