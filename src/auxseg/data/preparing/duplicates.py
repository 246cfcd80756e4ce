"""The same picture, or nearly the same, in two splits: what a test split must not share with training.

Shape legend: ``A B`` numbers of hashes on either side, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice
from typing import Final

import numpy as np
from jaxtyping import UInt8, UInt64
from PIL import Image

from auxseg.data.channels import displayed
from auxseg.data.sample import SPLITS
from auxseg.data.store.store import Store

MAX_DISTANCE: Final = 10
"""Difference hashes that differ in at most this many of 64 bits make two pictures candidates."""

MIN_CORRELATION: Final = 0.92
"""Candidates whose small copies correlate at least this much count as nearly the same."""

MAX_CANDIDATES: Final = 100_000
"""Candidates of two splits beyond this number are not compared, so that inspecting a degenerate data set ends."""

_SMALL: Final = 16
_BLOCK_PAIRS: Final = 1 << 21
_NUM_LISTED: Final = 1 << 12
_FLAT: Final = 2.0


def same_pictures(store: Store) -> list[tuple[int, ...]]:
    """Rows of pictures that are equal pixel by pixel (before resizing) and stand in more than one split."""
    order = np.argsort(store.image_hashes, kind="stable")
    starts = np.flatnonzero(store.image_hashes[order][1:] != store.image_hashes[order][:-1]) + 1
    together = (rows for rows in np.split(order, starts) if len(rows) > 1)
    return [tuple(rows.tolist()) for rows in together if len(np.unique(store.split[rows])) > 1]


def similar_pictures(store: Store) -> tuple[list[tuple[int, int]], list[tuple[str, str]]]:
    """Pairs of rows in different splits that show nearly the same picture, equal ones left out.

    Beside them, the pairs of splits that have more than `MAX_CANDIDATES` candidates, of which the rest is not compared.

    Finds copies that were resized, recompressed, or changed a little in brightness, contrast or at their edges; not
    mirrored or strongly cropped ones.
    """
    small: dict[int, np.ndarray] = {}

    def similar(first: int, second: int) -> bool:
        for row in (first, second):
            if row not in small:
                small[row] = _small_copy(store, row)
        return correlation(small[first], small[second]) >= MIN_CORRELATION

    pairs: list[tuple[int, int]] = []
    unfinished: list[tuple[str, str]] = []
    for first, second in combinations(SPLITS, 2):
        candidates = _candidates(store, first, second)
        pairs += [pair for pair in islice(candidates, MAX_CANDIDATES) if similar(*pair)]
        if next(candidates, None) is not None:
            unfinished.append((first, second))
    return pairs, unfinished


def _candidates(store: Store, first: str, second: str) -> Iterator[tuple[int, int]]:
    rows, others = store.rows(first), store.rows(second)
    close = close_hashes(store.perceptual_hashes[rows], store.perceptual_hashes[others])
    for pair in ((rows[left].item(), others[right].item()) for left, right in close):
        if store.image_hashes[pair[0]] != store.image_hashes[pair[1]]:
            yield pair


def close_hashes(left: UInt64[np.ndarray, " A"], right: UInt64[np.ndarray, " B"]) -> Iterator[tuple[int, int]]:
    """Places of hashes that differ in at most `MAX_DISTANCE` bits; compares all with all, a block at a time."""
    step = max(1, _BLOCK_PAIRS // max(1, len(right)))
    for start in range(0, len(left), step):
        distances = np.bitwise_count(left[start : start + step, None] ^ right[None])
        found = np.argwhere(distances <= MAX_DISTANCE)
        for part in range(0, len(found), _NUM_LISTED):
            for place, other in found[part : part + _NUM_LISTED].tolist():
                yield start + place, other


def _small_copy(store: Store, row: int) -> np.ndarray:
    image, _ = store.read(row)
    return small_copy(displayed(image, store.channels), store.inside(row))


def small_copy(image: UInt8[np.ndarray, "H W 3"], inside: tuple[int, int, int, int]) -> np.ndarray:
    """What candidates are compared by: the part of a stored picture that is no padding, tiny and grey."""
    y0, y1, x0, x1 = inside
    small = Image.fromarray(image[y0:y1, x0:x1]).convert("L").resize((_SMALL, _SMALL), Image.Resampling.BOX)
    return np.asarray(small, np.float32)


def correlation(left: np.ndarray, right: np.ndarray) -> float:
    """Pearson's correlation over pixels; pictures without any contrast are compared by their brightness."""
    if min(left.std(), right.std()) < _FLAT:
        return float(np.abs(left - right).max() < _FLAT)
    return float(np.corrcoef(left.ravel(), right.ravel())[0, 1])
