"""How long the trainings of a screening may be: what one may cost, and the seeds and steps that follow from it.

Costs are counted in forward passes of one image. A training step takes three for each image of its batch, because a
backward pass takes twice a forward pass (`auxseg.study.design.same_compute` counts it), a validation one for each of
its images.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, final

from auxseg.errors import InputError

SHARE: Final = 0.15
"""What a screening may take of what its study takes."""
FEWEST_STEPS: Final = 50
"""A training that is shorter says too little to be worth it."""
TWO_SEEDS_FROM: Final = 100
"""With two seeds each training must have at least so many steps; otherwise one seed gets the longer training."""
WATCH: Final = 20
"""The gradients of a short training are looked at once in so many steps."""
STEPS_OF_A_LOOK: Final = 2
"""A look at two tasks takes at most as long as so many steps (docs/methods.md has what was measured)."""
PASSES_OF_A_STEP: Final = 3
"""Of every image of its batch."""


@final
@dataclass(frozen=True)
class TrainingCost:
    """What trainings of the same recipe take, whatever their length.

    Attributes:
        batch: images of a step.
        validate_every: steps between validations; the last step is followed by one too.
        num_validated: images of a validation.
    """

    batch: int
    validate_every: int
    num_validated: int

    @property
    def step(self) -> int:
        """Forward passes that a training step takes."""
        return PASSES_OF_A_STEP * self.batch

    def cost(self, steps: int) -> int:
        """Forward passes that a training of so many steps takes with its validations."""
        return steps * self.step + math.ceil(steps / self.validate_every) * self.num_validated


@final
@dataclass(frozen=True)
class Budget:
    """The lengths of a screening, and what it and its study cost.

    Attributes:
        num_candidates: auxiliaries to be ranked.
        num_shares: shares of the masks, at each of which they are ranked.
        seeds: trainings of each candidate, and of the target alone, at each share.
        steps: length of each of them.
        cost_of_study: forward passes of all trainings of the study, controls and tuning left out.
        training: what each training of both takes.
    """

    num_candidates: int
    num_shares: int
    seeds: int
    steps: int
    cost_of_study: int
    training: TrainingCost

    @property
    def cost(self) -> int:
        """Forward passes of all trainings, with the looks at gradients as the steps that they take."""
        return self.seeds * self.num_shares * _cost(self.steps, self.num_candidates, self.training)


def make_budget(num_candidates: int, num_shares: int, steps: int, num_trainings: int, training: TrainingCost) -> Budget:
    """The longest trainings that `SHARE` of the study's cost pays for, on two seeds if they are long enough for that.

    The study has ``num_trainings`` of ``steps`` steps, a length which is not exceeded. Raises `InputError` where even
    one seed would get less than `FEWEST_STEPS`.
    """
    cost_of_study = num_trainings * training.cost(steps)
    longest = 0
    for seeds, fewest in ((2, TWO_SEEDS_FROM), (1, FEWEST_STEPS)):
        each = int(SHARE * cost_of_study) // (seeds * num_shares)
        longest = bisect_right(range(1, steps + 1), each, key=lambda length: _cost(length, num_candidates, training))
        if longest >= fewest:
            return Budget(num_candidates, num_shares, seeds, longest, cost_of_study, training)
    raise InputError(
        f"study: --screen may take {100 * SHARE:g}% of the study's {num_trainings * steps:,} steps and their "
        f"validations, which leaves {longest} steps for each training, expected at least {FEWEST_STEPS}; a study this "
        "short is better run in full"
    )


def _cost(steps: int, num_candidates: int, training: TrainingCost) -> int:
    """Of the target alone and each candidate, on one seed at one share of the masks."""
    looks = num_candidates * STEPS_OF_A_LOOK * math.ceil(steps / WATCH)
    return (num_candidates + 1) * training.cost(steps) + looks * training.step
