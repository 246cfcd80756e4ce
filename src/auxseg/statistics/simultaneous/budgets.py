"""Seeds and arms that a given time pays for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

from auxseg.errors import InputError
from auxseg.statistics.simultaneous.constants import FEWEST_SEEDS
from auxseg.statistics.simultaneous.designs import MOST_SEEDS, USUAL, Design, Prospect, prospect, seeds_needed
from auxseg.statistics.simultaneous.variances import Spread


@final
@dataclass(frozen=True)
class Affordable:
    """What a budget pays for.

    Attributes:
        arms: names of those that are trained beside the baseline, controls included.
        dropped: those that there is no time for.
        design: with as many seeds as the budget pays for, and no more than the margin needs.
        prospect: what it will find out.
        seconds: the time it takes.
    """

    arms: tuple[str, ...]
    dropped: tuple[str, ...]
    design: Design
    prospect: Prospect
    seconds: float


def affordable(
    budget: float,
    baseline: float,
    arms: Mapping[str, float],
    controls: Mapping[str, float],
    margin: float,
    num_images: int,
    *,
    mirrored: bool = False,
    spread: Spread = USUAL,
) -> Affordable:
    """Choose seeds and arms for a budget of seconds.

    ``baseline``, ``arms`` and ``controls`` are seconds that a run of each takes, all it takes and with as many runs at
    a time as there are. All are kept if three seeds of them can be paid for; else controls are dropped from the last
    on, then arms. Raises `InputError` with the smallest budget that works if three seeds of the first arm are too many.
    """
    if not arms:
        raise InputError("a study needs an arm besides the baseline")
    seconds = {**arms, **controls}
    names, num_kept = tuple(seconds), len(seconds)
    while num_kept and _total(baseline, seconds, names[:num_kept]) * FEWEST_SEEDS > budget:
        num_kept -= 1
    if not num_kept:
        smallest = FEWEST_SEEDS * _total(baseline, seconds, names[:1])
        raise InputError(
            f"a budget of {_hours(budget, math.floor)} is too small: {FEWEST_SEEDS} seeds of the baseline and "
            f"{names[0]} take {_hours(smallest, math.ceil)}, the smallest that works"
        )
    kept = names[:num_kept]
    per_seed = _total(baseline, seconds, kept)
    num_arms = sum(name in arms for name in kept)
    most = min(int(budget / per_seed), MOST_SEEDS)
    needed = seeds_needed(Design(num_arms, most, num_images, mirrored), margin, spread)
    design = Design(num_arms, min(most, needed or most), num_images, mirrored)
    return Affordable(kept, names[num_kept:], design, prospect(design, margin, spread), per_seed * design.num_seeds)


def _total(baseline: float, seconds: Mapping[str, float], names: tuple[str, ...]) -> float:
    return baseline + sum(seconds[name] for name in names)


def _hours(seconds: float, rounded: Callable[[float], int]) -> str:
    """In seconds, minutes or tenths of an hour; what is needed is rounded up, so that the number said is enough."""
    if seconds < 120:
        return f"{rounded(round(seconds, 6))} s"
    minutes = rounded(round(seconds / 60, 6))
    return f"{rounded(minutes / 6) / 10:.1f} h" if minutes >= 120 else f"{minutes} min"
