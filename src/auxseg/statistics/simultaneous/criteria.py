"""What verdicts are made by, written down before anything is trained."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, final

from pydantic import Field

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.statistics.simultaneous.constants import FEWEST_SEEDS


@final
@config
class Criteria:
    """What is said about arms, and how often it may be false.

    Attributes:
        margin: the difference below which nobody would care, in the figure's own unit: 0.01 is one point of IoU.
        alpha: how often a study says anything false, of all its arms that are not controls together.
        looks: the numbers of seeds at which verdicts are given, the last one being the largest the study may have;
            empty for one look at as many seeds as there are.
        higher_is_better: which way the figure gets better.

    Raises `InputError` for looks that do not increase or begin below 3 seeds, for a margin that is not above
    0, and for an alpha that is no small probability.
    """

    margin: float = 0.01
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    looks: tuple[int, ...] = ()
    higher_is_better: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "looks", tuple(self.looks))
        if not 0 < self.alpha < 0.5:
            raise InputError(f"alpha: expected a probability above 0 and below 0.5, such as 0.05, found {self.alpha:g}")
        if not (self.margin > 0 and math.isfinite(self.margin)):
            raise InputError(
                f"margin: expected a number above 0, the smallest difference that matters to you, found {self.margin:g}"
            )
        if any(after <= before for before, after in pairwise(self.looks)):
            raise InputError(f"looks: expected increasing numbers of seeds, found {_listed(self.looks)}")
        if self.looks and self.looks[0] < FEWEST_SEEDS:
            raise InputError(
                f"looks: verdicts need at least {FEWEST_SEEDS} seeds, so the first look needs as many, found "
                f"{self.looks[0]}"
            )

    def looks_until(self, num_seeds: int) -> tuple[int, ...]:
        """The planned looks up to the one at this number of seeds. Raises `InputError` if none is planned there."""
        if not self.looks:
            return (num_seeds,)
        if num_seeds not in self.looks:
            raise InputError(
                f"a look at {num_seeds} seeds was not planned: looks are planned at {_listed(self.looks)} seeds"
            )
        return self.looks[: self.looks.index(num_seeds) + 1]

    @property
    def most_seeds(self) -> int | None:
        """The largest number of seeds the study may have, ``None`` if it has but one look."""
        return self.looks[-1] if self.looks else None


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))
