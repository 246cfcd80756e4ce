"""Intervals for the differences of all arms to the baseline, which hold together.

For an arm with the mean difference ``D_a`` over S seeds and I images the interval is ``D_a`` plus or minus

    h_a = sqrt(c(k, S)^2 v~_a + c_inf(k)^2 p_a)

with the moderated variance ``v~_a`` that runs add (`moderation`), the variance ``p_a`` that images add (`variances`),
and the constants of `constants` for k arms. So many intervals, of all studies, that one or more misses
in ``alpha`` of them: every statement that is read off them is covered together. The combination of two variances of
which one is known to few degrees of freedom is that of Howe 1974, Approximate Confidence Limits on the Mean of X + Y
Where X and Y Are Two Tabled Independent Random Variables, Journal of the American Statistical Association 69: the
squares of the half-widths that either would have alone are added.

- **Controls** count for the variances and not for k: nobody asks whether they help. Their own intervals are as wide as
  if they were arms, and beside the 5%.
- **One arm** borrows nothing, whatever the controls: its variance is its own, c a t quantile.
- **Images** count for each arm what they count for its own difference, drawn towards the middle one of all pairs of
  arms as variances of runs are, with one degree of freedom less than there are effective images. An arm that changes
  much, such as another encoder, suits other images; arms that change little do not vary with it.
- **Few images**: ``c_inf`` is multiplied by the quantile of t over that of the normal distribution, with one degree of
  freedom less than there are effective images. With 100 equal images that is 1.01.
- **Ties**: ``v~_a`` is at least a quarter of ``rest / (S I)``, what single images add to it, and ``p_a`` at least
  ``of_image / (S I)^2``, as if on one image one run had come out a standard deviation of the images apart. So seeds
  whose means happen to be equal are no certainty. If the figure is the same everywhere there is no interval.

Shape legend: ``A`` arms, baseline first; ``K`` arms beside it; ``S`` seeds; ``I`` images.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float

from auxseg.errors import InputError
from auxseg.statistics.simultaneous import constants
from auxseg.statistics.simultaneous.constants import FEWEST_SEEDS
from auxseg.statistics.simultaneous.criteria import Criteria
from auxseg.statistics.simultaneous.looks import Constants, constants_at, spent
from auxseg.statistics.simultaneous.moderation import drawn_towards, moderated, of_others, share_of_chance
from auxseg.statistics.simultaneous.results import Results
from auxseg.statistics.simultaneous.variances import Spread, Variances, variances

ODD: Final = 0.05
"""A baseline is out of line if one that varies like the arms would vary so much more in this share of studies.

So is an arm; the share is divided among the arms.
"""


LEAST_SHARE: Final = 0.25
"""Of the variance that single images add to a difference of runs: seldom so little is seen, but for ties."""


@final
@dataclass(frozen=True)
class Interval:
    """What was measured of one arm: its difference to the baseline, in the figure's unit.

    Attributes:
        difference: the arm's mean less the baseline's, over the seeds both have; NaN if there are none.
        half_width: ``h_a``; infinite with fewer than three seeds or two images.
        run_variance: ``v~_a``, what runs add to the variance of the difference.
        image_variance: ``p_a``, what images add.
        num_seeds: seeds that both sides have.
        num_images: test images.
        is_control: whether the arm is a control, which is not counted among those that are judged.
    """

    difference: float
    half_width: float
    run_variance: float
    image_variance: float
    num_seeds: int
    num_images: int
    is_control: bool = False

    @property
    def low(self) -> float:
        """The lower end."""
        return self.difference - self.half_width if self.has_bounds else -math.inf

    @property
    def high(self) -> float:
        """The upper end."""
        return self.difference + self.half_width if self.has_bounds else math.inf

    @property
    def has_bounds(self) -> bool:
        """Whether there are enough seeds and images for an interval."""
        return math.isfinite(self.half_width)

    @property
    def standard_error(self) -> float:
        """Square root of the variance of the difference."""
        return math.sqrt(self.run_variance + self.image_variance)


@final
@dataclass(frozen=True)
class Comparison:
    """The intervals of a study, and what they rest on.

    Attributes:
        arms: by name, in the order of the table, controls included.
        num_judged: k, the arms whose intervals hold together: those that are no controls and have enough seeds.
        alpha: how often one of them may miss.
        spread: standard deviations of single effects, for planning.
        baseline_ratio: variance over seeds of the baseline's runs, over that of the arms'.
        baseline_is_odd: whether that ratio is out of line: too many statements are then false, up to 8% of studies.
        odd_arms: by name, the variance of arms that is out of line, over that of the others: these steady it little.
    """

    arms: dict[str, Interval]
    num_judged: int
    alpha: float
    spread: Spread
    baseline_ratio: float
    baseline_is_odd: bool
    odd_arms: dict[str, float]

    @property
    def borrows(self) -> bool:
        """Whether arms steady each other's variance; one arm alone has but its own."""
        return self.num_judged > 1

    def remarks(self) -> list[str]:
        """What a reader of the intervals has to know, as sentences."""
        found = []
        judged = [one for one in self.arms.values() if not one.is_control and one.num_seeds >= FEWEST_SEEDS]
        if len(judged) == 1:
            found.append("One arm is judged alone: its variance comes only from its own seeds.")
        if self.baseline_is_odd:
            found.append(
                f"Runs of the baseline vary {self.baseline_ratio:.1f} times as much as those of the arms (variance): "
                f"more than {100 * self.alpha:g} % of such studies say something false"
                f"{', up to 9 %' if self.alpha == constants.LEVEL else ''}."
            )
        for name, ratio in self.odd_arms.items():
            found.append(
                f"Runs of {name} vary {ratio:.1f} times as much as those of the others (variance), so these "
                "steady its interval little."
            )
        if any(interval.num_seeds < FEWEST_SEEDS for interval in self.arms.values()):
            found.append(f"Arms with fewer than {FEWEST_SEEDS} seeds have figures and no verdict.")
        return found


def compare(
    results: Results, criteria: Criteria, controls: Collection[str] = (), look: int | None = None
) -> Comparison:
    """The intervals of all arms.

    ``look`` is the number of seeds that was planned for this look, by default those of the table: an arm that lost a
    run has fewer. Raises `InputError` for a look that was not planned.
    """
    found = variances(results)
    names = results.arms[1:]
    if strange := [name for name in controls if name not in names]:
        raise InputError(f"controls: {strange[0]!r} is none of the arms, which are {', '.join(names)}")
    has_runs = found.num_seeds >= FEWEST_SEEDS
    num_judged = max(sum(name not in controls for name, has in zip(names, has_runs, strict=True) if has), 1)
    look = len(results.seeds) if look is None else look
    runs, images = _parts(found, results, borrow=num_judged > 1)
    half_widths = _half_widths(found, results, num_judged, criteria, look)
    differences = _differences(results)
    (baseline_ratio, chance), *others = _oddness(found, results)
    of_arms = dict(zip(names, others, strict=True))
    return Comparison(
        arms={
            name: Interval(
                difference=float(differences[place]),
                half_width=float(half_widths[place]),
                run_variance=float(runs[place]),
                image_variance=float(images[place]),
                num_seeds=int(found.num_seeds[place]),
                num_images=results.num_images,
                is_control=name in controls,
            )
            for place, name in enumerate(names)
        },
        num_judged=num_judged,
        alpha=criteria.alpha,
        spread=found.spread(max(results.num_images, 1)),
        baseline_ratio=baseline_ratio,
        baseline_is_odd=chance < ODD,
        odd_arms={name: ratio for name, (ratio, chance) in of_arms.items() if chance < ODD / len(names)},
    )


def half_width(run_variance: float, image_variance: float, wide: Constants) -> float:
    """``sqrt(c^2 v + c_inf^2 p)``."""
    return math.sqrt(wide.runs**2 * run_variance + wide.images**2 * image_variance)


def _half_widths(
    found: Variances, results: Results, num_judged: int, criteria: Criteria, look: int
) -> Float[np.ndarray, " K"]:
    """``h_a`` of every arm at a look, infinite where there are too few seeds or images or nothing varies."""
    looks = criteria.looks_until(look)
    half_widths = np.full(len(found.num_seeds), math.inf)
    enough = found.num_seeds >= FEWEST_SEEDS
    if not enough.any() or look < FEWEST_SEEDS or results.num_images < 2:
        return half_widths
    wide = constants_at(num_judged, looks, criteria.most_seeds, criteria.alpha)
    level = spent(look, criteria.most_seeds, criteria.alpha) if criteria.most_seeds else criteria.alpha
    of_images = wide.images * constants.of_few_images(results.effective_images, criteria.alpha)
    runs, images = _parts(found, results, borrow=num_judged > 1)
    for place in np.flatnonzero(enough):
        of_runs = wide.runs * _of_lost_seeds(num_judged, int(found.num_seeds[place]), look, level)
        half_widths[place] = half_width(runs[place], images[place], Constants(of_runs, of_images)) or math.inf
    return half_widths


def _parts(
    found: Variances, results: Results, *, borrow: bool
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, " K"]]:
    """What runs and what images add to the variance of each arm's difference, both with their floors."""
    seeds = np.maximum(found.num_seeds, 1.0)
    runs, images = found.per_run / seeds, found.images
    if borrow:  # an arm of one seed has no variance of its own
        own = np.nan_to_num(found.per_run)
        runs = moderated(own, of_others(own, seeds - 1), seeds - 1) / seeds
        images = np.where(np.isnan(images), found.common_images, images)
        images = drawn_towards(found.common_images, images, max(results.effective_images - 1, 1.0))
    cells = seeds * max(results.num_images, 1)
    return np.fmax(runs, LEAST_SHARE * found.rest / cells), np.fmax(images, found.of_image / cells**2)


def _differences(results: Results) -> Float[np.ndarray, " K"]:
    """Mean over the seeds that both sides have, NaN where there are none."""
    shared = results.has_run[1:] & results.has_run[0]
    per_run = results.table.mean(2) if results.num_images else np.full(results.has_run.shape, np.nan)
    rows = zip(per_run[1:] - per_run[0], shared, strict=True)
    return np.array([row[both].mean() if both.any() else np.nan for row, both in rows], dtype=float)


def _of_lost_seeds(num_judged: int, num_seeds: int, planned: int, level: float) -> float:
    """How much larger the constant of a level is for an arm that lost runs."""
    if num_seeds == planned:
        return 1.0
    return constants.of_runs(num_judged, num_seeds, level) / constants.of_runs(num_judged, planned, level)


def _oddness(found: Variances, results: Results) -> list[tuple[float, float]]:
    """Of each arm its variance over that of the other arms, and how often chance alone gives so large a ratio.

    The others of the baseline are all arms; those of an arm are the baseline and the other arms.
    """
    freedom = np.maximum(results.has_run.sum(1) - 1, 0)
    ratios = []
    for place, own in enumerate(found.over_seeds):
        others = np.isfinite(found.over_seeds) & (np.arange(len(freedom)) != place)
        common = found.over_seeds[others].mean() if others.any() else 0.0
        known = common > 0 and np.isfinite(own)
        ratio = float(own / common) if known else math.nan
        ratios.append((ratio, share_of_chance(ratio, freedom[place], freedom[others].sum()) if known else 1.0))
    return ratios
