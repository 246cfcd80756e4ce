"""How many seeds a verdict would take, and when seeds alone cannot give it.

An interval no wider than the margin gives a verdict whatever the truth is: with half-width h and margin m, h <= m / 2,
a mean beyond h from zero excludes zero, and any other keeps the interval within the margin. So the advice is the
smallest number of seeds with which the half-width is at most half the margin, where the seed part of the variance is
taken at the upper limit that the F distribution predicts for its next estimate, and the image part at its upper
confidence limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from scipy import special

from auxseg.statistics import behrens_fisher as sum_of_t
from auxseg.statistics.crossed_effects import Estimate

CONFIDENCE: Final = 0.6
"""Of both limits; what follows from it is measured in docs/methods.md: over 80% of those who follow decide."""

MOST_SEEDS: Final = 100
"""Where the test images would force more seeds than this, more test images are advised as well."""

OUT_OF_REACH: Final = 1000
"""The most seeds that a study may have; more than these are not advised, whatever the numbers say."""


@final
@dataclass(frozen=True)
class Advice:
    """Numbers in all, those at hand included, that shall give a verdict.

    Attributes:
        seeds: seeds; ``None`` if nothing can be said because there is only one, or one image.
        images: test images, ``None`` if those at hand are enough.
    """

    seeds: int | None
    images: int | None = None


def advise(estimate: Estimate, margin: float, level: float) -> Advice:
    """Numbers that shall give an interval at ``level`` no wider than ``margin``, in the units of the figure."""
    if not estimate.has_interval:
        return Advice(None)
    num_seeds, num_images = estimate.num_seeds, estimate.num_images
    image_part = _upper_image_part(estimate)

    def is_enough(seeds: int, images: int) -> bool:
        parts = _next_seed_part(estimate, seeds), image_part * num_images / images
        return sum_of_t.tail(margin / 2, *parts, seeds - 1, estimate.freedom_of_images(images)) <= level

    # Images may use half of the variance that is allowed; what seeds add can always be brought below the other half.
    share = (margin / 2 / special.stdtrit(estimate.freedom_of_images(num_images), 1 - level / 2)) ** 2 / 2
    if image_part <= share or is_enough(max(MOST_SEEDS, num_seeds), num_images):
        return Advice(_smallest(lambda seeds: is_enough(seeds, num_images), num_seeds + 1))
    images = math.ceil(num_images * image_part / share)
    return Advice(_smallest(lambda seeds: is_enough(seeds, images), num_seeds), images)


def _next_seed_part(estimate: Estimate, seeds: int) -> float:
    """What the seed part of a study with this many seeds stays below with the probability `CONFIDENCE`."""
    ratio = special.fdtri(seeds - 1, estimate.num_seeds - 1, CONFIDENCE)
    return estimate.seed_part * estimate.num_seeds / seeds * float(ratio)


def _upper_image_part(estimate: Estimate) -> float:
    """Upper confidence limit of the image part, from the variances of the two mean squares it is made of."""
    squares, freedom = estimate.squares, estimate.freedom_of_images(estimate.num_images)
    variance = 2 * (squares.image**2 + squares.rest**2 / (estimate.num_seeds - 1)) / freedom
    deviation = math.sqrt(variance) / (estimate.num_seeds * estimate.num_images)
    return estimate.image_part + float(special.ndtri(CONFIDENCE)) * deviation


def _smallest(is_enough: Callable[[int], bool], start: int) -> int:
    """The smallest number from ``start`` on that is enough; every larger one is enough too."""
    low, high = start - 1, start
    while not is_enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
