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
    classes the figure is the mean over the classes that occur. The truth decides which those are: ``truths`` holds its
    pixels. Without them a class occurs if its total of wholes is above 0; see `with_common_classes`. An image whose
    wholes are all 0 says nothing and changes nothing; NaN marks one that is not labelled.
    """

    parts: Float[np.ndarray, "I C"]
    wholes: Float[np.ndarray, "I C"]
    truths: Float[np.ndarray, "I C"] | None = None

    def known(self) -> Bool[np.ndarray, " I"]:
        """Which images are labelled; none if no class occurs in any of them, for then there is no ratio."""
        labelled = np.asarray(~np.isnan(self.parts + self.wholes).any(-1))
        return labelled & bool(self.wholes[labelled].any())

    def per_image(self, kept: Bool[np.ndarray, " I"]) -> Float[np.ndarray, " K"]:
        """The ratio R and what each image does to it, by the jackknife: values whose mean over the images is R.

        Without image i the ratio is ``R - e_i / (I mean(whole) (1 - h_i))`` with ``e_i = part_i - R whole_i`` and the
        image's share ``h_i = whole_i / sum(whole)``. So its value is ``R + e_i / (mean(whole) (1 - h_i))``, less the
        mean of these effects over the images that have a whole. Cochran 1977, Sampling Techniques, section 6.3 has the
        same without ``1 - h_i``, which takes images of very unequal size for more certain than they are: a large one
        draws R towards itself.
        """
        ratio, effects, _ = self._by_class(kept)
        return np.asarray((ratio + effects).mean(-1)) if len(ratio) else np.full(int(kept.sum()), np.nan)

    def effective_images(self, kept: Bool[np.ndarray, " I"]) -> float:
        """How many images of equal size would be as certain: ``1 / sum_i h_i^2``, at most I.

        With several classes ``h_i`` is the mean over classes of an image's share, weighted by the variance that each
        class adds: a class that few images hold makes the figure rest on few images if it makes it uncertain.
        """
        _, effects, shares = self._by_class(kept)
        weights = np.square(effects).sum(0)
        if not weights.any():
            return float(kept.sum())
        return float(1 / np.square(shares @ (weights / weights.sum())).sum())

    def classes(self, kept: Bool[np.ndarray, " I"]) -> Bool[np.ndarray, " C"]:
        """Which classes occur in the images that are kept, as far as this run knows."""
        return np.asarray((self.wholes if self.truths is None else self.truths)[kept].sum(0) > 0)

    def narrowed(self, classes: Bool[np.ndarray, " C"]) -> RatioFigure:
        """The same of these classes alone."""
        truths = None if self.truths is None else self.truths[:, classes]
        return RatioFigure(self.parts[:, classes], self.wholes[:, classes], truths)

    def _by_class(
        self, kept: Bool[np.ndarray, " I"]
    ) -> tuple[Float[np.ndarray, " c"], Float[np.ndarray, "K c"], Float[np.ndarray, "K c"]]:
        """Of each class that occurs its ratio, the effects of images on it, and their shares in it."""
        classes = self.classes(kept)
        parts, wholes = self.parts[kept][:, classes], self.wholes[kept][:, classes]
        ratio, shares = parts.sum(0) / wholes.sum(0), wholes / wholes.sum(0)
        # An image that holds all of a class is the ratio: nothing is known about the next such image.
        rest = np.where(shares < 1, 1 - shares, 1.0)
        effects = (parts - ratio * wholes) / wholes.mean(0) / rest
        counts = wholes > 0
        return ratio, effects - counts * effects.sum(0) / counts.sum(0), shares


Figure = MeanFigure | RatioFigure


def with_common_classes(runs: Sequence[Figure], kept: Bool[np.ndarray, " I"]) -> list[Figure]:
    """Ratios narrowed to the classes that occur in all runs, so that each is a mean over the same classes.

    A class of the truth has a union in every run. One that the truth lacks has one only where a run predicts it, and
    would count there, with an IoU of 0, and nowhere else: a stray pixel would move a mean over few classes by tens of
    points.
    """
    ratios = [run.classes(kept) for run in runs if isinstance(run, RatioFigure)]
    classes = np.logical_and.reduce(ratios) if ratios else np.zeros(0, dtype=bool)
    return [run.narrowed(classes) if isinstance(run, RatioFigure) else run for run in runs]


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
        effective_images: how many images of equal size would be as certain; for a mean over images their number.
    """

    table: Float[np.ndarray, "S I"]
    seeds: tuple[int, ...]
    missing_in_arm: tuple[int, ...]
    missing_in_baseline: tuple[int, ...]
    num_left_out: int
    effective_images: float


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
        raise InputError(f"compared runs must have measured the same images, found {_listed(sorted(lengths))} images")
    kept = np.logical_and.reduce(known) if known else np.zeros(max(lengths, default=0), dtype=bool)
    runs = with_common_classes([side[seed] for side in sides for seed in seeds], kept)
    values = np.array([run.per_image(kept) for run in runs], dtype=float).reshape(2, len(seeds), int(kept.sum()))
    return Differences(
        table=values[1] - values[0],
        seeds=tuple(seeds),
        missing_in_arm=tuple(seed for seed in everything if seed in sides[0] and seed not in sides[1]),
        missing_in_baseline=tuple(seed for seed in everything if seed in sides[1] and seed not in sides[0]),
        num_left_out=int((~kept).sum()),
        effective_images=effective_images(runs, kept),
    )


def effective_images(runs: Sequence[Figure], kept: Bool[np.ndarray, " I"]) -> float:
    """The mean over runs of how many images of equal size would be as certain."""
    ratios = [run.effective_images(kept) for run in runs if isinstance(run, RatioFigure)]
    return float(np.mean(ratios)) if ratios else float(kept.sum())


def _listed(numbers: Sequence[int]) -> str:
    return " and ".join(map(str, numbers))
