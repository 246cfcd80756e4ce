"""Tables of whole studies that the tests of `auxseg.statistics.simultaneous` share."""

from __future__ import annotations

import numpy as np

from auxseg.statistics import Figure, MeanFigure
from auxseg.statistics.simultaneous import Results, tabulate


def draw(
    rng: np.random.Generator,
    arms: int = 5,
    seeds: int = 5,
    images: int = 60,
    *,
    gains: tuple[float, ...] = (),
    run: float = 0.005,
    rest: float = 0.05,
    arm_image: float = 0.012,
) -> np.ndarray:
    """Figures by arm, seed and image, the baseline first; the first arms gain what is said."""
    table = 0.6 + 0.2 * rng.standard_normal(images) + arm_image * rng.standard_normal((arms + 1, 1, images))
    table = table + run * rng.standard_normal((arms + 1, seeds, 1))
    table = table + rest * rng.standard_normal((arms + 1, seeds, images))
    table[1 : 1 + len(gains)] += np.reshape(gains, (-1, 1, 1))
    return table


def runs(table: np.ndarray) -> dict[str, dict[int, Figure]]:
    """The table as runs; those that are all NaN are missing."""
    return {
        "alone" if arm == 0 else f"arm {arm}": {seed: MeanFigure(row) for seed, row in enumerate(rows)}
        for arm, rows in enumerate(table)
    }


def study(table: np.ndarray) -> Results:
    return tabulate(runs(table), "alone")
