"""Tables of differences and studies that the tests of `auxseg.study` share."""

from __future__ import annotations

import numpy as np

from auxseg.statistics import Estimate, estimate


def draw(
    rng: np.random.Generator,
    seeds: int,
    images: int,
    *,
    mean: float = 0.0,
    seed: float = 0.01,
    image: float = 0.03,
    rest: float = 0.02,
) -> np.ndarray:
    """Differences with crossed random effects of these standard deviations."""
    effects = seed * rng.standard_normal((seeds, 1)) + image * rng.standard_normal(images)
    return mean + effects + rest * rng.standard_normal((seeds, images))


def clear(mean: float) -> Estimate:
    """An estimate with a narrow interval around this mean."""
    rng = np.random.default_rng(7)
    table = draw(rng, 5, 40, seed=1e-4, image=1e-4, rest=1e-4)
    return estimate(table - table.mean() + mean)


def vague(mean: float) -> Estimate:
    """An estimate that says nothing."""
    rng = np.random.default_rng(8)
    table = draw(rng, 3, 40, seed=0.05)
    return estimate(table - table.mean() + mean)
