"""What the runs of a study measured, as one table: arms by seeds by images.

Shape legend: ``A`` arms, ``S`` seeds, ``I`` images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Bool, Float

from auxseg.errors import InputError
from auxseg.statistics.paired_differences import Figure, MeanFigure, effective_images, with_common_classes
from auxseg.statistics.simultaneous.additive_fit import filled

FEWEST_VALUES: Final = 0.5
"""An image is kept if at least this share of the runs of each arm has a value for it."""


@final
@dataclass(frozen=True, eq=False)
class Results:
    """Figures of a study by arm, seed and image, without gaps but for runs that are missing.

    Attributes:
        arms: names of the arms, the baseline first.
        seeds: seeds in increasing order, those of all arms.
        table: the figures; NaN in all images of a run that diverged or was never made.
        was_filled: which figures are those of the additive fit, because that run had none.
        effective_images: how many images of equal size would be as certain; for a mean over images their number.
        num_left_out: images that too few runs have a value for.
    """

    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    table: Float[np.ndarray, "A S I"]
    was_filled: Bool[np.ndarray, "A S I"]
    effective_images: float
    num_left_out: int = 0

    @property
    def num_images(self) -> int:
        """Images that are compared."""
        return self.table.shape[2]

    @property
    def has_run(self) -> Bool[np.ndarray, "A S"]:
        """Which runs have figures."""
        return np.asarray(~np.isnan(self.table).any(2) & (self.num_images > 0))

    def missing(self, arm: str) -> tuple[int, ...]:
        """Seeds that the arm lacks."""
        has_run = self.has_run[self.arms.index(arm)]
        return tuple(seed for seed, has in zip(self.seeds, has_run, strict=True) if not has)


def tabulate(runs: Mapping[str, Mapping[int, Figure]], baseline: str) -> Results:
    """The table of the runs of all arms, by name of the arm and seed; their images must be in the same order.

    A run without any value counts as missing. An image is kept if half of the runs of each arm have a value for it, and
    gaps are filled by the arm's additive fit; of ratios of totals an image is kept if every run has labels for it.
    Raises `InputError` if there is no such baseline, or if runs have different numbers of images.
    """
    if baseline not in runs:
        raise InputError(f"the baseline {baseline!r} has no runs; arms are {', '.join(map(repr, runs))}")
    arms = (baseline, *(arm for arm in runs if arm != baseline))
    seeds = tuple(sorted({seed for by_seed in runs.values() for seed in by_seed}))
    _refuse_other_images(runs)
    present = {arm: {seed: run for seed, run in runs[arm].items() if run.known().any()} for arm in arms}
    everything = [run for arm in arms for run in present[arm].values()]
    kept = np.logical_and.reduce([_kept(list(by_seed.values())) for by_seed in present.values() if by_seed])
    if not everything:
        empty = np.full((len(arms), len(seeds), 0), np.nan)
        return Results(arms, seeds, empty, np.zeros(empty.shape, dtype=bool), 0.0)
    narrowed = with_common_classes(everything, kept)
    values = dict(zip(((arm, seed) for arm in arms for seed in present[arm]), narrowed, strict=True))
    table = np.full((len(arms), len(seeds), int(kept.sum())), np.nan)
    for (arm, seed), run in values.items():
        table[arms.index(arm), seeds.index(seed)] = run.per_image(kept)
    was_filled = np.isnan(table) & ~np.isnan(table).all(2, keepdims=True)
    for place in range(len(arms)):
        has_run = ~np.isnan(table[place]).all(1)
        table[place, has_run] = filled(table[place, has_run])
    return Results(arms, seeds, table, was_filled, effective_images(narrowed, kept), int((~kept).sum()))


def _kept(runs: Sequence[Figure]) -> Bool[np.ndarray, " I"]:
    """Images that enough of an arm's runs have a value for."""
    share = np.mean([run.known() for run in runs], axis=0)
    return np.asarray(share >= (FEWEST_VALUES if all(isinstance(run, MeanFigure) for run in runs) else 1.0))


def _refuse_other_images(runs: Mapping[str, Mapping[int, Figure]]) -> None:
    lengths = sorted({len(run.known()) for by_seed in runs.values() for run in by_seed.values()})
    if len(lengths) > 1:
        raise InputError(
            f"compared runs must have measured the same images, found {' and '.join(map(str, lengths))} images"
        )
