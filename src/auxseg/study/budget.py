"""How long the trainings of a screening may be: what one may cost, and the seeds and steps that follow from it."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, final

from auxseg.errors import InputError

SHARE: Final = 0.15
"""What a screening may take of the steps of its study."""
FEWEST_STEPS: Final = 50
"""A training that is shorter says too little to be worth it."""
TWO_SEEDS_FROM: Final = 100
"""With two seeds each training must have at least so many steps; otherwise one seed gets the longer training."""
WATCH: Final = 20
"""The gradients of a short training are looked at once in so many steps."""
STEPS_OF_A_LOOK: Final = 2
"""A look at two tasks takes at most as long as so many steps (docs/methods.md has what was measured)."""


@final
@dataclass(frozen=True)
class Budget:
    """The lengths of a screening and what it costs, in optimiser steps.

    Attributes:
        num_candidates: auxiliaries to be ranked.
        num_shares: shares of the masks, at each of which they are ranked.
        seeds: trainings of each candidate, and of the target alone, at each share.
        steps: length of each of them.
        steps_of_study: those of all trainings of the study, controls and tuning left out.
    """

    num_candidates: int
    num_shares: int
    seeds: int
    steps: int
    steps_of_study: int

    @property
    def cost(self) -> int:
        """All steps, with the looks at gradients as the steps that they take."""
        return self.seeds * self.num_shares * _cost(self.steps, self.num_candidates)


def make_budget(num_candidates: int, num_shares: int, steps: int, steps_of_study: int) -> Budget:
    """The longest trainings that `SHARE` of the study's steps pay for, on two seeds if they are long enough for that.

    ``steps`` is the length of one training of the study, which is not exceeded. Raises `InputError` where even one
    seed would get less than `FEWEST_STEPS`.
    """
    allowed = int(SHARE * steps_of_study)
    longest = 0
    for seeds, fewest in ((2, TWO_SEEDS_FROM), (1, FEWEST_STEPS)):
        each = allowed // (seeds * num_shares)
        longest = bisect_right(range(1, steps + 1), each, key=lambda length: _cost(length, num_candidates))
        if longest >= fewest:
            return Budget(num_candidates, num_shares, seeds, longest, steps_of_study)
    raise InputError(
        f"study: --screen may take {100 * SHARE:g}% of the study's {steps_of_study:,} steps, which leaves {longest} "
        f"for each training, expected at least {FEWEST_STEPS}; a study that is so short is better done at once"
    )


def _cost(steps: int, num_candidates: int) -> int:
    """Of the target alone and each candidate, on one seed at one share of the masks."""
    return (num_candidates + 1) * steps + num_candidates * STEPS_OF_A_LOOK * math.ceil(steps / WATCH)
