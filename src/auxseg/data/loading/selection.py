"""Which samples of a store a training uses, and which of their masks.

Shape legend: ``R`` rows of the store, ``L`` of them with a mask.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Int64

from auxseg.data.store.store import Store
from auxseg.keyed import keyed_bytes

TrainOn = Literal["train", "train+val"]


def training_rows(store: Store, train_on: TrainOn) -> Int64[np.ndarray, " R"]:
    """The rows of the named splits, ascending."""
    return np.sort(np.concatenate([store.rows(split) for split in train_on.split("+")]))


def labelled_rows(store: Store, rows: Int64[np.ndarray, " R"], fraction: float) -> Int64[np.ndarray, " L"]:
    """Those of ``rows`` whose mask is used: this share of all that have one, rounded, and at least one of them.

    They are the first in an order that is fixed by the samples' ids alone. What is used at 5% is therefore part of
    what is used at 10%, whatever the seed of a run is.
    """
    masked = rows[store.has_mask[rows]]
    count = max(round(fraction * len(masked)), 1)
    order = sorted(masked.tolist(), key=lambda row: keyed_bytes(16, "label fraction", str(store.ids[row])))
    return np.array(sorted(order[:count]), np.int64)
