"""Verdicts at several looks: intervals that hold at all of them together.

Who looks early and goes on if nothing is decided errs more often than who looks once. Repeated confidence intervals
(Jennison, Turnbull 1989, Interim Analyses: The Repeated Confidence Interval Approach, Journal of the Royal Statistical
Society B 51, 305-361) are wider at each look, so that all of them, at all looks, miss with probability ``alpha``
together. How much may be spent until a look at S of at most S_max seeds is written down beforehand:

    spent(S) = alpha (S / S_max)^2.

The constant of a look is the one that spends what is added since the last: of all studies in which no interval has
missed so far, so many miss at this look. There are two constants again, one for moderated and one for known variances,
both from the same simulated studies, whose seeds of an earlier look are the first ones of a later look. They depend on
the looks so far and on S_max alone.

Shape legend: ``J`` looks, ``N`` studies.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float

from auxseg.statistics.simultaneous import constants

_SEED: Final = 1989


@final
@dataclass(frozen=True)
class Constants:
    """How many standard errors wide an interval is, for what runs and for what images add to its variance."""

    runs: float
    images: float


def spent(num_seeds: int, most_seeds: int, alpha: float) -> float:
    """How much of ``alpha`` may be spent until the look at this number of seeds."""
    return alpha * (num_seeds / most_seeds) ** 2


def constants_at(
    num_arms: int, looks: tuple[int, ...], most_seeds: int | None = None, alpha: float = constants.LEVEL
) -> Constants:
    """The constants of the last of these looks; ``most_seeds`` is S_max, by default the seeds of that look.

    One look at S_max has those of `constants`. Others are simulated with a fixed seed, in about a second.
    """
    most_seeds = most_seeds or looks[-1]
    if looks == (most_seeds,):
        return Constants(constants.of_runs(num_arms, most_seeds, alpha), constants.of_images(num_arms, alpha))
    return _simulated(num_arms, looks, most_seeds, alpha)


@functools.lru_cache(maxsize=256)
def _simulated(num_arms: int, looks: tuple[int, ...], most_seeds: int, alpha: float) -> Constants:
    levels = [spent(num_seeds, most_seeds, alpha) for num_seeds in looks]
    moderated, known = _maxima(num_arms, looks)
    return Constants(_boundaries(moderated, levels)[-1], _boundaries(known, levels)[-1])


def _maxima(num_arms: int, looks: Sequence[int]) -> tuple[Float[np.ndarray, "J N"], Float[np.ndarray, "J N"]]:
    """Of each look the largest of all arms, in standard errors: moderated ones, and known ones."""
    rng = np.random.default_rng([_SEED, num_arms, *looks])
    num_studies = constants.num_studies_at_hand(num_arms, looks[-1])
    moderated, known = [], []
    for studies in constants.null_studies(num_arms, looks[-1], num_studies, rng):
        parts = [studies[..., :num_seeds] for num_seeds in looks]
        moderated.append(
            [constants.maxima(part.mean(2), part.var(2, ddof=1) / part.shape[2], part.shape[2]) for part in parts]
        )
        known.append([np.abs(part.mean(2)).max(1) / np.sqrt(2 / part.shape[2]) for part in parts])
    return np.concatenate(moderated, axis=1), np.concatenate(known, axis=1)


def _boundaries(maxima: Float[np.ndarray, "J N"], levels: Sequence[float]) -> list[float]:
    """Of each look the boundary with which the share of ``levels`` of all studies has crossed one until then."""
    held = np.full(maxima.shape[1], True)
    boundaries = []
    for look, level in zip(maxima, levels, strict=True):
        num_held = int(held.sum())
        num_kept = min(round((1 - level) * len(held)), num_held - 1)
        boundaries.append(float(np.partition(look[held], num_kept)[num_kept]))
        held &= look <= boundaries[-1]
    return boundaries
