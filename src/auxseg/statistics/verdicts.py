"""What a study says of each arm, and by which rule.

Each arm is tested twice: against no difference, and against a difference of the margin or more. Holm's correction over
the arms is applied to both sets of tests, each at `Rules.level`. So of all arms that change nothing one or more is
said to help or to hurt with at most that probability, and of all arms that change as much as the margin or more one or
more is said to make no meaningful difference with at most that probability.

The interval of an arm belongs to the test that decided: it has the level at which Holm made that test. Adjusted
intervals therefore lie within the margin for *no meaningful difference*, exclude zero for *helps* and *hurts*, and do
neither for *not enough evidence*. Each covers its own arm's difference with at least the nominal probability; that all
of them do at once is not claimed (intervals that belong to Holm's tests cannot do that and stay this narrow).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, final

import numpy as np
from jaxtyping import Float
from pydantic import Field

from auxseg.config import config
from auxseg.statistics import multiplicity as holm
from auxseg.statistics.crossed_effects import Estimate
from auxseg.statistics.planning import Advice, advise


class Verdict(StrEnum):
    """What can be said of an arm; the first that applies."""

    NO_MEANINGFUL_DIFFERENCE = "no meaningful difference"
    """The adjusted interval lies within the margin, whatever its sign."""
    HELPS = "helps"
    """The adjusted interval excludes zero, on the better side."""
    HURTS = "hurts"
    """The adjusted interval excludes zero, on the worse side."""
    NOT_ENOUGH_EVIDENCE = "not enough evidence"
    """Neither; with advice how many seeds would decide."""


@final
@config
class Rules:
    """What a verdict is made by, said before anything is trained.

    ``margin`` is the difference below which nobody would care, in the figure's own unit: 0.005 is half a point of IoU.
    ``alpha`` is the probability of a false verdict. ``looks`` is 2 for a study that may be extended by more seeds once
    after its first verdicts; each look then has half of ``alpha``, the price of looking early (Bonferroni, whatever the
    two looks have in common). A study with one look is not to be extended.
    """

    margin: Annotated[float, Field(gt=0, lt=0.5, allow_inf_nan=False)] = 0.005
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    looks: Literal[1, 2] = 1
    higher_is_better: bool = True

    @property
    def level(self) -> float:
        """Probability of a false verdict at each look."""
        return self.alpha / self.looks


@final
@dataclass(frozen=True)
class Judgement:
    """One arm's verdict and what it rests on.

    Attributes:
        estimate: the difference to the baseline.
        verdict: what is said.
        interval: both ends of the adjusted interval, the one that is drawn.
        level: the probability with which that interval misses.
        p_value: against no difference, adjusted for all arms.
        p_value_of_equivalence: against a difference of the margin or more, adjusted for all arms.
        num_comparisons: arms that were judged together.
        advice: for *not enough evidence*, how many seeds would give a verdict.
        withdrawn: the verdict that would stand if no run had diverged.
    """

    estimate: Estimate
    verdict: Verdict
    interval: tuple[float, float]
    level: float
    p_value: float
    p_value_of_equivalence: float
    num_comparisons: int
    advice: Advice | None
    withdrawn: Verdict | None = None


def judge(arms: Mapping[str, Estimate], rules: Rules) -> dict[str, Judgement]:
    """Judge all arms of a study together; an arm without an interval gets no verdict, and counts as a comparison."""
    if not arms:
        return {}
    differ = _Tests(np.array([estimate.p_value() for estimate in arms.values()]), rules.level)
    equal = _Tests(np.array([estimate.p_value_of_equivalence(rules.margin) for estimate in arms.values()]), rules.level)
    judgements = {}
    for place, (name, estimate) in enumerate(arms.items()):
        verdict, level, advice = Verdict.NOT_ENOUGH_EVIDENCE, min(differ.levels[place], equal.levels[place]), None
        if equal.rejects(place):
            verdict, level = Verdict.NO_MEANINGFUL_DIFFERENCE, equal.levels[place]
        elif differ.rejects(place):
            is_better = (estimate.mean > 0) == rules.higher_is_better
            verdict, level = Verdict.HELPS if is_better else Verdict.HURTS, differ.levels[place]
        else:
            advice = advise(estimate, rules.margin, rules.level / len(arms))
        judgements[name] = Judgement(
            estimate=estimate,
            verdict=verdict,
            interval=estimate.interval(float(level)),
            level=float(level),
            p_value=float(differ.adjusted[place]),
            p_value_of_equivalence=float(equal.adjusted[place]),
            num_comparisons=len(arms),
            advice=advice,
        )
    return judgements


def with_diverged(judgement: Judgement, *, of_arm: int, of_baseline: int) -> Judgement:
    """What can be said where so many runs diverged, which would have been the worst of their side.

    Not that the arm helps if they are its own, not that it hurts if they are those of the target alone, and in neither
    case that it makes no difference.
    """
    flattered = {Verdict.HELPS} if of_arm else set()
    flattered |= {Verdict.HURTS} if of_baseline else set()
    flattered |= {Verdict.NO_MEANINGFUL_DIFFERENCE} if of_arm or of_baseline else set()
    if judgement.verdict not in flattered:
        return judgement
    return dataclasses.replace(judgement, verdict=Verdict.NOT_ENOUGH_EVIDENCE, withdrawn=judgement.verdict)


@final
class _Tests:
    """One test of every arm, corrected after Holm."""

    def __init__(self, p_values: Float[np.ndarray, " M"], level: float) -> None:
        self.adjusted = holm.adjusted(p_values)
        self.levels = holm.tested_at(p_values, level)
        self._level = level

    def rejects(self, place: int) -> bool:
        return bool(self.adjusted[place] <= self._level)
