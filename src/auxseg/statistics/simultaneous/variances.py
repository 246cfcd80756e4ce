"""What makes the figures of a study vary, estimated from all of its arms together.

The model of a figure of arm a, seed s and image i is ``y_asi = mean_a + image_i + run_as + arm_image_ai + rest_asi``
(and anything that all arms share, which differences to the baseline are free of). Two arms differ, over S seeds and I
images, with the variance

    (2 run^2 + 2 rest^2 / I) / S + 2 arm_image^2 / I,

where names stand for standard deviations. The first term falls with seeds and is seen in the differences ``U_as`` of
runs; the second is that another set of images would suit another arm. With the mean squares of the table of differences
of two arms, seeds by images, it is ``(MS_image - MS_rest) / (S I)``. Its mean over all pairs of arms is for complete
tables ``2 (MS_arm_image - MS_rest) / (S I)`` of the analysis of variance of all arms. Arms that change little suit
images alike and one that changes much does not, so each arm has its own, of its pair with the baseline, beside.

Shape legend: ``A`` arms, baseline first; ``K`` arms beside it; ``S`` seeds; ``I`` images; ``P`` pairs of arms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from auxseg.statistics.crossed_effects import mean_squares
from auxseg.statistics.simultaneous.results import Results


@final
@dataclass(frozen=True)
class Spread:
    """Standard deviations of single effects, in the figure's unit: what a design of a study rests on.

    Attributes:
        run: of a run's figure over its seeds, were there unlimited images.
        rest: of one image of one run, beside that.
        arm_image: of how an image suits an arm, whatever the seed.
    """

    run: float
    rest: float
    arm_image: float

    def of_runs(self, num_seeds: int, num_images: float) -> float:
        """Variance of the difference of two arms that seeds add."""
        return 2 * (self.run**2 + self.rest**2 / num_images) / num_seeds

    def of_images(self, num_images: float) -> float:
        """Variance of the difference of two arms that images add, whatever the number of seeds."""
        return 2 * self.arm_image**2 / num_images


@final
@dataclass(frozen=True, eq=False)
class Variances:
    """Variances of a study's differences to the baseline, arm by arm.

    Attributes:
        per_run: variance over seeds of an arm's difference of runs, NaN with fewer than two seeds.
        num_seeds: seeds that the arm shares with the baseline.
        rest: variance of one image of one run's difference, beside runs and images; the mean over pairs of arms.
        images: what images add to the variance of each arm's mean difference, whatever the number of seeds; may be
            below 0, NaN with fewer than two seeds or images.
        images_of_pairs: the same of all pairs of arms, the baseline among them, that share two seeds.
        of_image: variance over images of their mean figure: how unlike the images are.
        over_seeds: variance over seeds of each arm's own runs, the baseline's first.
    """

    per_run: Float[np.ndarray, " K"]
    num_seeds: Float[np.ndarray, " K"]
    rest: float
    images: Float[np.ndarray, " K"]
    images_of_pairs: Float[np.ndarray, " P"]
    of_image: float
    over_seeds: Float[np.ndarray, " A"]

    @property
    def common(self) -> float:
        """The mean of ``per_run``, weighted by degrees of freedom."""
        freedom = np.maximum(self.num_seeds - 1, 0)
        known = freedom > 0
        return float(freedom[known] @ self.per_run[known] / freedom[known].sum()) if known.any() else math.nan

    @property
    def common_images(self) -> float:
        """The middle one of ``images_of_pairs``: one arm that changes much says nothing of the others."""
        return float(np.median(self.images_of_pairs)) if len(self.images_of_pairs) else math.nan

    def spread(self, num_images: int) -> Spread:
        """Standard deviations of the single effects, at least 0."""
        rest = max(self.rest, 0.0) / 2
        run = max(self.common / 2 - rest / num_images, 0.0)
        return Spread(math.sqrt(run), math.sqrt(rest), math.sqrt(max(self.common_images, 0.0) * num_images / 2))


def variances(results: Results) -> Variances:
    """Estimate all of them; NaN where runs or images are too few."""
    table, has_run = results.table, results.has_run
    shared = has_run[1:] & has_run[0]
    means = np.where(has_run, _mean(table), np.nan)
    differences = means[1:] - means[0]
    rest, images = _of_pairs(results)
    num_others = len(results.arms) - 1
    return Variances(
        per_run=np.array([_variance(row[has]) for row, has in zip(differences, shared, strict=True)], dtype=float),
        num_seeds=shared.sum(1).astype(float),
        rest=rest,
        images=np.array([images.get((0, place), math.nan) for place in range(1, num_others + 1)], dtype=float),
        images_of_pairs=np.array(list(images.values()), dtype=float),
        of_image=_variance(table[has_run].mean(0)) if has_run.any() else math.nan,
        over_seeds=np.array([_variance(row[has]) for row, has in zip(means, has_run, strict=True)], dtype=float),
    )


def _of_pairs(results: Results) -> tuple[float, dict[tuple[int, int], float]]:
    """The mean over pairs of arms of ``MS_rest``, and of each pair ``(MS_image - MS_rest) / (S I)``."""
    rests: list[float] = []
    images: dict[tuple[int, int], float] = {}
    for one, other in combinations(range(len(results.arms)), 2):
        both = results.has_run[one] & results.has_run[other]
        if both.sum() >= 2 and results.num_images >= 2:
            squares = mean_squares(results.table[one, both] - results.table[other, both])
            rest = squares.rest * _inflation(results.was_filled[[one, other]][:, both])
            rests.append(rest)
            images[one, other] = (squares.image - rest) / (int(both.sum()) * results.num_images)
    return (float(np.mean(rests)) if rests else math.nan), images


def _inflation(was_filled: Bool[np.ndarray, "2 S I"]) -> float:
    """Filled figures lie on the fit and add nothing to a sum of squares: so its degrees of freedom are fewer."""
    _, num_seeds, num_images = was_filled.shape
    freedom = (num_seeds - 1) * (num_images - 1)
    return freedom / max(freedom - was_filled.sum() / 2, 1.0)


def _mean(table: Float[np.ndarray, "A S I"]) -> Float[np.ndarray, "A S"]:
    return table.mean(2) if table.shape[2] else np.full(table.shape[:2], np.nan)


def _variance(values: Float[np.ndarray, " n"]) -> float:
    return float(values.var(ddof=1)) if len(values) >= 2 else math.nan
