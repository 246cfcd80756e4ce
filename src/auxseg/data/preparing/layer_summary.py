"""What the layers of a store hold, split by split.

Shape legend: ``N`` samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import final

import numpy as np
from jaxtyping import Int64

from auxseg.data.store.store import Store


@final
@dataclass(frozen=True)
class LayerSummary:
    """One layer in one split, over the samples that have it; padding is not counted.

    ``about`` says what it is, ``known_share`` is the share of pixels, tags or points that are known, ``lowest`` and
    ``highest`` are the range of what ``range_words`` name (the numbers of a map, how many instances an image has), NaN
    without any. ``class_shares`` are by name the share of the pixels of a class, of the images with a tag or a point,
    or of the boxes of a class, among those of which it is known; ``counted`` says which, and ``num_counted`` how many
    there are.
    """

    about: str
    num_samples: int
    known_share: float
    lowest: float = math.nan
    highest: float = math.nan
    class_shares: dict[str, float] = field(default_factory=dict)
    counted: str = "pixels"
    num_counted: int = 0
    range_words: tuple[str, str] = ("lowest", "highest")


def summarise_layers(store: Store, rows: Int64[np.ndarray, " N"]) -> dict[str, LayerSummary]:
    """Look at every layer of some rows, one after the other."""
    return {name: _summarise(store.with_layers([name]), name, rows) for name in store.layers}


def _summarise(store: Store, name: str, rows: Int64[np.ndarray, " N"]) -> LayerSummary:
    layer = store.layers[name]
    having = rows[layer.present[rows]].tolist()
    tallies = [layer.form.tally(layer.form.cut(store.read_layers(row)[name], store.inside(row))) for row in having]
    num_all, num_known = (sum(getattr(each, key) for each in tallies) for key in ("num_all", "num_known"))
    low, high = min((each.lowest for each in tallies), default=1), max((each.highest for each in tallies), default=0)
    counts = {each: [0, 0] for each in getattr(layer.form, "names", ())}
    for tally in tallies:
        for each, (there, known) in tally.by_name.items():
            counts[each][0] += there
            counts[each][1] += known
    return LayerSummary(
        layer.form.in_words(),
        len(having),
        num_known / num_all if num_all else math.nan,
        low if low <= high else math.nan,
        high if low <= high else math.nan,
        {each: there / known if known else math.nan for each, (there, known) in counts.items()},
        layer.form.counted,
        num_all,
        layer.form.range_words,
    )
