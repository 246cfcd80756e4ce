"""Maps of numbers as pictures.

Shape legend: ``H W`` pixels of a picture, ``h w`` pixels of a map, ``C`` its channels.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from auxseg.drawing import bands, nearest_rows

_OUTLIERS: Final = 2.0
"""Percent of the numbers at either end that get the last colour."""


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
