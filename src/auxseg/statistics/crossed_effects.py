"""The mean difference over new seeds and new test images, with an interval: both vary, and they are crossed.

The model of a table of differences is ``d_si = mu + seed_s + image_i + rest_si`` with independent random effects. With
the mean squares ``MS_seed`` (S - 1 degrees of freedom), ``MS_image`` (I - 1) and ``MS_rest``, the mean over the table
has the variance

    V = seed_part + image_part,  seed_part = MS_seed / (S I),  image_part = (MS_image - MS_rest) / (S I)

(unbiased; the image part, at least 0, is the variance of the image effects over I). The seed part rests on S - 1
degrees of freedom, the image part on many, and nobody knows their shares. The interval treats them as the two
variances of the Behrens-Fisher problem: ``mean - mu`` is taken for ``sqrt(seed_part) T_(S-1) + sqrt(image_part)
T_(I-1)`` with two independent Student variables. Where only seeds matter this is exactly the t interval over the means
of the seeds, where only images matter the t interval over the means of the images; in between it is a little wider
than nominal and never narrower (Robinson 1976, Properties of Student's t and of the Behrens-Fisher Solution to the Two
Means Problem, Annals of Statistics 4, 963-971), which Satterthwaite's degrees of freedom are not.

Shape legend: ``S`` seeds, ``I`` images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from auxseg.statistics import behrens_fisher as sum_of_t


@final
@dataclass(frozen=True)
class MeanSquares:
    """The analysis of variance of a table without repetition."""

    seed: float
    image: float
    rest: float


@final
@dataclass(frozen=True)
class Estimate:
    """A mean difference and what its uncertainty is made of; all in the units of the table or their square.

    One seed or one image alone says nothing about others: the interval is then without bounds and the p-values are 1.

    Attributes:
        mean: the mean over the table, NaN if that is empty.
        num_seeds: rows of the table.
        num_images: its columns.
        squares: the mean squares, NaN where there are fewer than two seeds or images.
        effective_images: how many images of equal size would be as certain; ``None`` if all count the same.
    """

    mean: float
    num_seeds: int
    num_images: int
    squares: MeanSquares
    effective_images: float | None = None

    @property
    def has_interval(self) -> bool:
        """Whether there are at least two seeds and two images, and a value for each."""
        return min(self.num_seeds, self.num_images) >= 2 and not math.isnan(self.mean)

    @property
    def seed_part(self) -> float:
        """What seeds, and seeds and images together, add to the variance of the mean."""
        return self.squares.seed / (self.num_seeds * self.num_images) if self.has_interval else math.nan

    @property
    def image_part(self) -> float:
        """What images add to the variance of the mean, whatever the number of seeds."""
        if not self.has_interval:
            return math.nan
        return max(self.squares.image - self.squares.rest, 0.0) / (self.num_seeds * self.num_images)

    @property
    def standard_error(self) -> float:
        """Square root of the variance of the mean."""
        return math.sqrt(self.seed_part + self.image_part)

    @property
    def variances(self) -> dict[str, float]:
        """Variance of the effects of ``seed`` and ``image`` and of the ``rest`` (their interaction), at least 0."""
        return {
            "seed": max(self.squares.seed - self.squares.rest, 0.0) / max(self.num_images, 1),
            "image": max(self.squares.image - self.squares.rest, 0.0) / max(self.num_seeds, 1),
            "rest": self.squares.rest,
        }

    def half_width(self, level: float = 0.05) -> float:
        """Half the width of the interval that misses the truth with probability ``level``."""
        return sum_of_t.quantile(level, *self._parts()) if self.has_interval else math.inf

    def interval(self, level: float = 0.05) -> tuple[float, float]:
        """Both ends of the interval that misses the truth with probability ``level``: 0.05 for the 95% interval."""
        if not self.has_interval:
            return -math.inf, math.inf
        half_width = self.half_width(level)
        return self.mean - half_width, self.mean + half_width

    def p_value(self) -> float:
        """Two-sided, against no difference: at most ``level`` exactly if ``interval(level)`` excludes zero."""
        return sum_of_t.tail(abs(self.mean), *self._parts()) if self.has_interval else 1.0

    def p_value_of_equivalence(self, margin: float) -> float:
        """Against a difference of ``margin`` or more, in (0, 1].

        It is at most ``level`` exactly if ``interval(level)`` lies within plus or minus ``margin``: twice the larger
        p-value of two one-sided tests (Schuirmann 1987, A Comparison of the Two One-Sided Tests Procedure and the
        Power Approach, Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680), each at ``level / 2``.
        """
        distance = margin - abs(self.mean)
        return sum_of_t.tail(distance, *self._parts()) if self.has_interval and distance > 0 else 1.0

    def freedom_of_images(self, num_images: int) -> float:
        """Degrees of freedom of the image part with so many images, of which as large a share counts as of these."""
        share = 1.0 if self.effective_images is None else self.effective_images / self.num_images
        return max(num_images * share, 2.0) - 1

    def _parts(self) -> tuple[float, float, int, float]:
        return self.seed_part, self.image_part, self.num_seeds - 1, self.freedom_of_images(self.num_images)


def estimate(table: Float[np.ndarray, "S I"], effective_images: float | None = None) -> Estimate:
    """Estimate the mean difference; the table holds no NaN (`paired_differences` leaves such images out).

    ``effective_images`` is how many images of equal size would be as certain (`Differences.effective_images`), where
    that are fewer than the table has: the image part then rests on one degree of freedom less than that.
    """
    num_seeds, num_images = table.shape
    mean = float(table.mean()) if table.size else math.nan
    return Estimate(mean, num_seeds, num_images, mean_squares(table), effective_images)


def mean_squares(table: Float[np.ndarray, "S I"]) -> MeanSquares:
    """Mean squares of seeds, images and the rest; NaN if there are fewer than two seeds or two images."""
    num_seeds, num_images = table.shape
    if min(num_seeds, num_images) < 2:
        return MeanSquares(math.nan, math.nan, math.nan)
    mean = table.mean()
    by_seed, by_image = table.mean(1) - mean, table.mean(0) - mean
    rest = table - mean - by_seed[:, None] - by_image
    return MeanSquares(
        seed=float(num_images * np.square(by_seed).sum() / (num_seeds - 1)),
        image=float(num_seeds * np.square(by_image).sum() / (num_images - 1)),
        rest=float(np.square(rest).sum() / ((num_seeds - 1) * (num_images - 1))),
    )
