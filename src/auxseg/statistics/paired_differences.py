"""From what runs measured, image by image, to one table of differences: seeds by images.

A figure of merit is either a mean over images (`MeanFigure`: iou_image, accuracy, a box's IoU) or a ratio of totals
over them (`RatioFigure`: iou_dataset and its kin). Both become values per image whose mean is the figure, so that what
follows need not know which it was.

Shape legend: ``S`` seeds, ``I`` images, ``C`` classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from auxseg.errors import InputError


@final
@dataclass(frozen=True, eq=False)
class MeanFigure:
    """What one run measured of a figure that is a mean over images; NaN where an image has no value."""

    values: Float[np.ndarray, " I"]

    def known(self) -> Bool[np.ndarray, " I"]:
        """Which images have a value."""
        return ~np.isnan(self.values)

    def per_image(self, kept: Bool[np.ndarray, " I"]) -> Float[np.ndarray, " K"]:
        """The values of the images that are kept; their mean is the figure."""
        return self.values[kept]


@final
@dataclass(frozen=True, eq=False)
class RatioFigure:
    """What one run measured of a figure that is a ratio of totals, ``sum_i parts_i / sum_i wholes_i``.

    For the IoU of the data set a part is an image's intersection and a whole its union, in pixels. With several
    classes the figure is the mean over the classes that occur (whose total of wholes is above 0). An image whose
    wholes are all 0 says nothing and changes nothing; NaN marks one that is not labelled.
    """

    parts: Float[np.ndarray, "I C"]
    wholes: Float[np.ndarray, "I C"]

    def known(self) -> Bool[np.ndarray, " I"]:
        """Which images are labelled; none if no class occurs in any of them, for then there is no ratio."""
        labelled = np.asarray(~np.isnan(self.parts + self.wholes).any(-1))
        return labelled & bool(self.wholes[labelled].any())

    def per_image(self, kept: Bool[np.ndarray, " I"]) -> Float[np.ndarray, " K"]:
        """The ratio R linearised: ``R + (part_i - R whole_i) / mean(whole)``, whose mean over the images is R.

        The variance of R is that of the mean of these values, to first order (Cochran 1977, Sampling Techniques,
        section 6.3); they are what a jackknife gives in the limit of many images.
        """
        parts, wholes = self.parts[kept], self.wholes[kept]
        occurs = wholes.sum(0) > 0
        if not occurs.any():
            return np.full(len(parts), np.nan)
        parts, wholes = parts[:, occurs], wholes[:, occurs]
        ratio = parts.sum(0) / wholes.sum(0)
        return (ratio + (parts - ratio * wholes) / wholes.mean(0)).mean(-1)


Figure = MeanFigure | RatioFigure


@final
@dataclass(frozen=True, eq=False)
class Differences:
    """An arm's figure less the baseline's, by seed and image.

    Attributes:
        table: a row per seed that both sides have, a column per image that every one of these runs has a value for.
        seeds: the seeds of the rows.
        missing_in_arm: seeds of the baseline that the arm lacks, because a run diverged or was never made.
        missing_in_baseline: the reverse.
        num_left_out: images without a value in one of the runs or more.
    """

    table: Float[np.ndarray, "S I"]
    seeds: tuple[int, ...]
    missing_in_arm: tuple[int, ...]
    missing_in_baseline: tuple[int, ...]
    num_left_out: int


def differences(baseline: Mapping[int, Figure], arm: Mapping[int, Figure]) -> Differences:
    """Pair two sides by seed; the runs' images must be the same, in the same order.

    A run without any value counts as missing. An image is left out for all seeds if it has no value in one run (it is
    empty in truth and prediction, say): the comparison stays paired and crossed, and the number is reported. Raises
    `InputError` if runs have different numbers of images.
    """
    sides = [{seed: run for seed, run in runs.items() if run.known().any()} for runs in (baseline, arm)]
    everything = sorted({*baseline, *arm})
    seeds = [seed for seed in everything if all(seed in side for side in sides)]
    known = [side[seed].known() for seed in seeds for side in sides]
    lengths = {len(run.known()) for runs in (baseline, arm) for run in runs.values()}
    if len(lengths) > 1:
        raise InputError(
            f"study: runs that are compared must have measured the same images, found {_listed(sorted(lengths))} images"
        )
    kept = np.logical_and.reduce(known) if known else np.zeros(max(lengths, default=0), dtype=bool)
    rows = [sides[1][seed].per_image(kept) - sides[0][seed].per_image(kept) for seed in seeds]
    return Differences(
        table=np.array(rows, dtype=float).reshape(len(seeds), int(kept.sum())),
        seeds=tuple(seeds),
        missing_in_arm=tuple(seed for seed in everything if seed in sides[0] and seed not in sides[1]),
        missing_in_baseline=tuple(seed for seed in everything if seed in sides[1] and seed not in sides[0]),
        num_left_out=int((~kept).sum()),
    )


def _listed(numbers: Sequence[int]) -> str:
    return " and ".join(map(str, numbers))
