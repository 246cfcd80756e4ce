"""Regions in the form of COCO.

Shape legend: ``h w`` the picture's size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool


def rle(mask: Bool[np.ndarray, "h w"]) -> dict[str, Any]:
    """COCO's run-length encoding, uncompressed: lengths of runs down the columns, the first one of zeros."""
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    bounds = [0, *([0] if flat[0] else []), *changes.tolist(), flat.size]
    counts = np.diff(bounds)
    return {"size": list(mask.shape), "counts": counts.tolist()}


def bounds(mask: Bool[np.ndarray, "h w"]) -> list[float]:
    """The box around a region that is not empty, as ``x y width height`` in pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [float(columns[0]), float(rows[0]), float(columns[-1] - columns[0] + 1), float(rows[-1] - rows[0] + 1)]
