"""Mean and deviation of every channel of a store's images.

Shape legend: ``R`` rows of the store.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Int64

from auxseg.data.store.store import Store

MOST_IMAGES: Final = 256
_FEWEST_IMAGES: Final = 16
_MOST_VALUES: Final = 2**28
_ROWS: Final = 64


def channel_statistics(store: Store, rows: Int64[np.ndarray, " R"]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The mean and the standard deviation of each channel over these rows, of values in [0, 1] (divided by white).

    At most `MOST_IMAGES` are read, of large ones fewer, spread evenly over the rows; padding does not count. The
    deviation of a channel that is the same everywhere is one step of its values, so that nothing is divided by zero.
    """
    per_image = store.size.num_pixels * len(store.channels)
    most = min(max(_MOST_VALUES // per_image, _FEWEST_IMAGES), MOST_IMAGES, len(rows))
    total, squares = np.zeros(len(store.channels)), np.zeros(len(store.channels))
    count = 0
    for row in rows[np.linspace(0, len(rows) - 1, most).astype(int)].tolist():
        image, _ = store.read(row)
        y0, y1, x0, x1 = store.inside(row)
        for top in range(y0, y1, _ROWS):  # a whole image would take eight times its memory
            part = image[top : min(top + _ROWS, y1), x0:x1].reshape(-1, len(store.channels))
            values = part.astype(np.float64) / store.channels.white
            total, squares, count = total + values.sum(0), squares + (values**2).sum(0), count + len(values)
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 0.0)).clip(1 / store.channels.white)
    return tuple(mean.tolist()), tuple(deviation.tolist())
