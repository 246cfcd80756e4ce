"""Maps of numbers as pictures.

Shape legend: ``H W`` pixels of a picture, ``h w`` pixels of a map, ``C`` its channels.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from auxseg.data.layers import METRES, LayerForm, MapForm
from auxseg.drawing import bands, nearest_rows, overlay_mask

_OUTLIERS: Final = 2.0
"""Percent of the numbers at either end that get the last colour."""

_MIDDLE: Final = 3.0
"""The depth in metres that is drawn in the middle of the colours."""


def paint_layer(picture: UInt8[np.ndarray, "H W 3"], values: np.ndarray, form: LayerForm) -> UInt8[np.ndarray, "H W 3"]:
    """A layer as it is stored (maps ``h w C``, masks ``h w``): masks are tinted, maps take the place of the picture."""
    if not isinstance(form, MapForm):
        return overlay_mask(picture, values)
    channels = values.astype(np.float32).transpose(2, 0, 1)
    if form.is_direction and form.channels == 3:
        return paint_directions(picture, channels)
    return (
        paint_metres(picture, channels[0])
        if (form.unit, form.channels) == (METRES, 1)
        else paint_any(picture, channels)
    )


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
