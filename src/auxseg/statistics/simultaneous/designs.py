"""What a study will find out, known before it is trained.

With the standard deviations of `Spread` the half-width of a design of k arms, S seeds and I images is foreseen as

    h = sqrt(c(k, S)^2 f (2 run^2 + 2 rest^2 / I) / S + c_inf(k)^2 2 arm_image^2 / I)

with ``f = 0.72`` if the mirrored images are scored too, which makes runs vary less, else 1. If h is at most the margin,
some statement is made of every arm. An effect of ``h + 0.84 se`` is said to help in 80 of 100 studies, with the
standard error se of a difference (0.84 is the 80% point of the normal distribution).

The figures are foreseen, not promised: a study's own half-widths scatter about h as its variances do.
"""

from __future__ import annotations

import bisect
import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from scipy import special

from auxseg.statistics.simultaneous.constants import FEWEST_SEEDS, of_few_images
from auxseg.statistics.simultaneous.intervals import half_width
from auxseg.statistics.simultaneous.looks import Constants, constants_at
from auxseg.statistics.simultaneous.variances import Spread

USUAL: Final = Spread(run=0.005, rest=0.05, arm_image=0.012)
"""Of IoU, where there is no study yet: what was measured on small networks and photographs of 64 px. With 100
images a run's figure then varies by 0.7 points between seeds."""

MIRRORED: Final = 0.72
"""Share of the variance between runs that is left if the mirrored images are scored too; measured, 0.54 to 0.92."""

MOST_SEEDS: Final = 50
"""A margin that takes more seeds than this is not worth pursuing."""

POWER: Final = 0.8
_MOST_IMAGES: Final = 1_000_000


@final
@dataclass(frozen=True)
class Design:
    """A study as it is planned.

    Attributes:
        num_arms: k, the arms that are judged; controls are not counted.
        num_seeds: S, at least 3.
        num_images: I, images of the test split.
        mirrored: whether the mirrored images are scored too.
        looks: numbers of seeds at which verdicts are given, the last one S; empty for one look.
    """

    num_arms: int
    num_seeds: int
    num_images: int
    mirrored: bool = False
    looks: tuple[int, ...] = ()


@final
@dataclass(frozen=True)
class Prospect:
    """What a design will find out, in the figure's unit.

    Attributes:
        half_width: h, what an arm cannot gain or lose beyond its measured difference.
        detectable: the effect that is said to help in 80 of 100 studies.
        share_of_images: the part of ``half_width`` squared that more seeds cannot take away.
        seeds_needed: the fewest seeds with ``half_width`` at most the margin; ``None`` if more than 50, which is not
            worth pursuing at this margin.
    """

    half_width: float
    detectable: float
    share_of_images: float
    seeds_needed: int | None

    @property
    def images_limit(self) -> bool:
        """Whether the test images limit the study, rather than its seeds."""
        return self.share_of_images > 0.5


@final
@dataclass(frozen=True)
class Change:
    """A change of a design that makes every arm get a statement.

    Attributes:
        what: in words, such as ``score the mirrored images too``.
        design: the changed design.
        margin: the margin it reaches; another one where that is the change.
        cost: trainings, relative to the design as it was.
    """

    what: str
    design: Design
    margin: float
    cost: float


def prospect(design: Design, margin: float, spread: Spread = USUAL) -> Prospect:
    """What a design will find out. Raises `InputError` for fewer than three seeds and for no arms."""
    runs, images = _parts(design, spread)
    wide = _constants(design)
    whole = half_width(runs, images, wide)
    return Prospect(
        half_width=whole,
        detectable=whole + float(special.ndtri(POWER)) * math.sqrt(runs + images),
        share_of_images=(half_width(0.0, images, wide) / whole) ** 2 if whole > 0 else 0.0,
        seeds_needed=seeds_needed(design, margin, spread),
    )


def seeds_needed(design: Design, margin: float, spread: Spread = USUAL) -> int | None:
    """The fewest seeds with which the half-width of a design with one look is at most the margin; at most 50."""

    def is_enough(num_seeds: int) -> bool:
        one_look = dataclasses.replace(design, num_seeds=num_seeds, looks=())
        return half_width(*_parts(one_look, spread), _constants(one_look)) <= margin

    found = bisect.bisect_left(range(MOST_SEEDS + 1), True, lo=FEWEST_SEEDS, key=is_enough)
    return found if found <= MOST_SEEDS else None


def changes(design: Design, margin: float, spread: Spread = USUAL, *, num_controls: int = 0) -> list[Change]:
    """Changes after each of which the half-width is at most the margin, the cheapest first.

    One change at a time: mirrored scoring, fewer arms, more test images, more seeds, another margin (which is always
    possible). Cost counts trainings alone; more test images cost masks. Empty if the design needs none.
    """
    if prospect(design, margin, spread).half_width <= margin:
        return []
    return sorted(_changes(design, margin, spread, num_controls), key=lambda change: change.cost)


def _changes(design: Design, margin: float, spread: Spread, num_controls: int) -> Iterator[Change]:
    def reaches(changed: Design) -> bool:
        return prospect(changed, margin, spread).half_width <= margin

    trainings = design.num_arms + num_controls + 1
    mirrored = dataclasses.replace(design, mirrored=True)
    if not design.mirrored and reaches(mirrored):
        yield Change("score the mirrored images too", mirrored, margin, 1.0)
    for num_arms in range(design.num_arms - 1, 0, -1):
        fewer = dataclasses.replace(design, num_arms=num_arms)
        if reaches(fewer):
            cost = (num_arms + num_controls + 1) / trainings
            yield Change(f"ask about {num_arms} {'arm' if num_arms == 1 else 'arms'}", fewer, margin, cost)
            break
    images = _images_needed(design, margin, spread)
    if images is not None:
        more = dataclasses.replace(design, num_images=images)
        yield Change(f"test on {images:,} images", more, margin, 1.0)
    for mirror in dict.fromkeys((design.mirrored, True)):
        seeds = seeds_needed(dataclasses.replace(design, mirrored=mirror), margin, spread)
        if seeds is not None and seeds > design.num_seeds:
            longer = dataclasses.replace(design, num_seeds=seeds, mirrored=mirror, looks=())
            words = f"train {seeds} seeds" + (" and score the mirrored images too" if mirror != design.mirrored else "")
            yield Change(words, longer, margin, seeds / design.num_seeds)
    reached = prospect(design, margin, spread).half_width
    yield Change("be content with a larger margin", design, reached, 1.0)


def _images_needed(design: Design, margin: float, spread: Spread) -> int | None:
    """The fewest images, ``None`` if no number is enough: what runs add stays in part however many there are."""

    def is_enough(num_images: int) -> bool:
        more = dataclasses.replace(design, num_images=num_images)
        return half_width(*_parts(more, spread), _constants(more)) <= margin

    found = bisect.bisect_left(range(_MOST_IMAGES + 1), True, lo=design.num_images, key=is_enough)
    return found if found <= _MOST_IMAGES else None


def _parts(design: Design, spread: Spread) -> tuple[float, float]:
    runs = _share(design) * spread.of_runs(design.num_seeds, design.num_images)
    return runs, spread.of_images(design.num_images)


def _share(design: Design) -> float:
    return MIRRORED if design.mirrored else 1.0


def _constants(design: Design) -> Constants:
    wide = constants_at(design.num_arms, design.looks or (design.num_seeds,))
    return Constants(wide.runs, wide.images * of_few_images(design.num_images))
