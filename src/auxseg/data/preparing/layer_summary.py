"""What the layers of a store hold, split by split.

Shape legend: ``N`` samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import final

import numpy as np
from jaxtyping import Int64

from auxseg.data.layers import MaskForm
from auxseg.data.store.store import Store


@final
@dataclass(frozen=True)
class LayerSummary:
    """One layer in one split, over the samples that have it; padding is not counted.

    ``about`` says what it is, ``known_share`` is the share of pixels that are known, ``lowest`` and ``highest`` are the
    range of a map, NaN without any number; ``class_shares`` are the shares of a mask's classes among its known pixels.
    """

    about: str
    num_samples: int
    known_share: float
    lowest: float = math.nan
    highest: float = math.nan
    class_shares: dict[str, float] = field(default_factory=dict)


def summarise_layers(store: Store, rows: Int64[np.ndarray, " N"]) -> dict[str, LayerSummary]:
    """Look at every layer of some rows, one after the other."""
    return {name: _summarise(store.with_layers([name]), name, rows) for name in store.layers}


def _summarise(store: Store, name: str, rows: Int64[np.ndarray, " N"]) -> LayerSummary:
    layer = store.layers[name]
    having = rows[layer.present[rows]].tolist()
    num_pixels, num_known, low, high = 0, 0, math.inf, -math.inf
    pixels = np.zeros(256, np.int64)
    for row in having:
        y0, y1, x0, x1 = store.inside(row)
        values = store.read_layers(row)[name][y0:y1, x0:x1]
        known = layer.form.known(values)
        num_pixels, num_known = num_pixels + known.size, num_known + int(known.sum())
        if isinstance(layer.form, MaskForm):
            pixels += np.bincount(values[known], minlength=256)
        elif known.any():
            low, high = min(low, float(values[known].min())), max(high, float(values[known].max()))
    names = layer.form.names if isinstance(layer.form, MaskForm) else ()
    return LayerSummary(
        layer.form.in_words(),
        len(having),
        num_known / num_pixels if num_pixels else math.nan,
        low if low <= high else math.nan,
        high if low <= high else math.nan,
        {each: int(pixels[id_]) / num_known if num_known else math.nan for id_, each in enumerate(names)},
    )
